//! What can't be meant: refused by name, with nothing stored.

use tekup_core::{
    BusConfig, ErrorKind, Event, RawEvent, Result, Subscription,
    transport::{Admin, Capabilities, Transport},
};

use super::{
    Harness, Scene,
    on_the_bus::{LeadScored, ear, scored, settings},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn a_batch_of_none_is_no_mistake_and_one_beyond_the_limit_stores_nothing<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let mut wide = BusConfig::new("billing");
    wide.max_batch_events = 10_000;
    let bus = scene.bus(wide).await?;
    let reader = scene.open("billing/everything", &["*"]).await?;
    assert!(bus.publish_batch(Vec::<tekup_core::Draft<LeadScored>>::new()).await?.is_empty());
    let refused = bus.publish_batch((0..10_001).map(scored)).await.err();
    let error = refused.ok_or_else(|| unexpected("a batch beyond the limit was taken"))?;
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("10001 events") && error.to_string().contains("10000"), "{error}");
    assert_eq!(bus.process_counters().published, 0);
    assert_eq!(scene.admin().books(&reader.id).await?.published, 0);
    bus.shutdown().await
}

pub async fn handlers_that_could_never_be_called_are_refused_and_register_nothing<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let ledger = || Subscription::matching("ledger", "*");
    let one = async |_: RawEvent, _| ();
    let many = async |_: Vec<RawEvent>, _| ();
    let refused = [
        (bus.subscribe(ledger().concurrency(0).handler(one)).await.err(), "concurrency is 0: use 1 to 10,000"),
        (bus.subscribe(ledger().concurrency(10_001).handler(one)).await.err(), "concurrency is 10001"),
        (bus.subscribe(ledger().prefetch(0).handler(one)).await.err(), "prefetch is 0: use 1 to 10,000"),
        (bus.subscribe(ledger().batch_handler(0, many)).await.err(), "at most 0 events: use 1 to 1,000"),
        (bus.subscribe(ledger().batch_handler(10_001, many)).await.err(), "at most 10001 events"),
    ];
    for (error, said) in refused {
        let error = error.ok_or_else(|| unexpected(format!("it was taken though {said}")))?;
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let state = bus.subscription_state("billing/ledger").await;
    assert_eq!(state.err().map(|error| error.kind()), Some(ErrorKind::NotFound), "nothing is registered");
    bus.shutdown().await
}

pub async fn a_lane_that_may_hold_nothing_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    match scene.harness.limited(0).await {
        Ok(None) => Ok(()),
        Ok(Some(limited)) => Err(unexpected(format!("a limit of 0 was taken: {:?}", limited.capabilities()))),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
            Ok(())
        }
    }
}

pub async fn a_filter_that_wants_nothing_ends_all_unseen_and_one_that_wants_all_leaves_out_none<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let nothing = Subscription::to::<LeadScored>("nothing").filter(|_| false);
    let everything = Subscription::to::<LeadScored>("everything").filter(|_| true);
    bus.subscribe(nothing.handler_with(mouth.clone(), async |mouth, _: Event<LeadScored>, _| mouth.tell(None))).await?;
    bus.subscribe(everything.handler_with(mouth, async |mouth, event: Event<LeadScored>, _| {
        mouth.tell(Some(event.data.score));
    }))
    .await?;
    for receipt in bus.publish_batch((0..20).map(scored)).await? {
        receipt?;
    }
    let mut told = Vec::new();
    for _ in 0..20 {
        told.push(ear.next(H::soon()).await?);
    }
    told.sort_unstable();
    assert_eq!(told, (0..20).map(Some).collect::<Vec<_>>());
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await?;
    let counters = bus.counters().await?;
    assert_eq!((counters.handled, counters.filtered), (20, 20), "{counters:?}");
    for subscription in ["billing/nothing", "billing/everything"] {
        assert_eq!(bus.books(subscription).await?.acked, 20, "{subscription}");
    }
    Ok(())
}
