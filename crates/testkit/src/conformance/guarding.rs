//! What a subscription has finished, and is asked not to handle again.

use std::time::Duration;

use tekup_core::{
    Error, ErrorKind, Event, Result, Subscription, TekupEvent,
    transport::{Capabilities, Delivery, Outgoing, Settled, Start, Transport, Verdict},
};

use super::{
    Harness, Scene,
    on_the_bus::{LeadScored, ear, settings},
    replica::Replica,
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

const WINDOW: Duration = Duration::from_secs(3_600);

/// An event that one replica has finished, though late, and that the next owner has given up and then replayed.
async fn finished_and_replayed<H: Harness>(
    scene: &Scene<H>,
    window: Option<Duration>,
) -> Result<(Outgoing, Replica<H>)> {
    let mut guarded = spec("billing/ledger", &["lead.scored"])?;
    (guarded.lease, guarded.idempotency) = (H::lease(), window);
    let (late, next) = scene.open_twice(guarded).await?;
    let sent = Outgoing::of(&LeadScored { score: 1 }.event("acme").build()?)?;
    scene.publish_one(&sent).await?;
    let held = late.take_one().await?;
    scene.harness.advance(H::lease() + H::quiet()).await;
    let taken_over = next.take_one_within(2 * H::lease() + H::soon()).await?;
    let started = next.start(&taken_over).await?;
    next.bury(&[started]).await?;
    assert_eq!(late.settle(&held, Verdict::Ack).await?, Settled::LeaseLost, "it is dead by now");
    assert_eq!(scene.replay(&next.id, vec![(sent.tenant.clone(), sent.id)]).await?, 1);
    Ok((sent, next))
}

async fn finish<H: Harness>(replica: &Replica<H>, delivery: Delivery) -> Result<()> {
    assert_eq!(replica.settle(&delivery, Verdict::Skip).await?, Settled::Done);
    replica.nothing_comes().await
}

pub async fn what_was_finished_before_says_so_when_it_comes_again<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (sent, replica) = finished_and_replayed(scene, Some(WINDOW)).await?;
    let again = replica.take_one().await?;
    assert_eq!((again.id, again.start), (sent.id, Start::Finished));
    finish(&replica, again).await
}

pub async fn without_a_guard_what_was_finished_comes_as_ever<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (sent, replica) = finished_and_replayed(scene, None).await?;
    let again = replica.take_one().await?;
    assert_eq!((again.id, again.start, &again.bytes), (sent.id, Start::Fresh, &sent.bytes));
    finish(&replica, again).await
}

pub async fn the_end_of_an_event_is_forgotten_after_the_window<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let window = Duration::from_secs(1);
    let (sent, replica) = finished_and_replayed(scene, Some(window)).await?;
    scene.harness.advance(window + H::quiet()).await;
    let again = replica.take_one().await?;
    assert_eq!((again.id, again.start), (sent.id, Start::Fresh));
    finish(&replica, again).await
}

pub async fn the_end_of_an_event_is_its_tenants_and_subscriptions_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let guarded = |id| {
        let mut guarded = spec(id, &["*"])?;
        guarded.idempotency = Some(WINDOW);
        Ok::<_, Error>(guarded)
    };
    let ledger = scene.open_with(guarded("billing/ledger")?).await?;
    let audit = scene.open_with(guarded("billing/audit")?).await?;
    let sent = Outgoing::of(&LeadScored { score: 1 }.event("acme").build()?)?;
    scene.publish_one(&sent).await?;
    ledger.ack(&[ledger.take_one().await?]).await?;
    let mut other = sent.clone();
    other.tenant = "globex".parse()?;
    scene.publish_one(&other).await?;
    for replica in [&ledger, &audit, &audit] {
        let delivery = replica.take_one().await?;
        assert_eq!(delivery.start, Start::Fresh, "{}", replica.id);
        replica.ack(&[delivery]).await?;
    }
    ledger.nothing_comes().await
}

pub async fn a_guarded_handler_does_not_see_what_it_has_finished<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (sent, replica) = finished_and_replayed(scene, Some(WINDOW)).await?;
    replica.close().await?;
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = Subscription::to::<LeadScored>("ledger").idempotent(WINDOW);
    bus.subscribe(ledger.handler_with(mouth, async |mouth, event: Event<LeadScored>, _| {
        mouth.tell((event.envelope.id, event.data.score));
    }))
    .await?;
    let fresh = bus.publish(LeadScored { score: 2 }.event("acme")).await?.id;
    assert_eq!(ear.next(H::soon()).await?, (fresh, 2));
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await?;
    let (counters, books) = (bus.counters().await?, bus.books("billing/ledger").await?);
    assert_eq!((counters.handled, counters.filtered), (1, 1), "{sent:?} {counters:?}");
    assert_eq!((books.acked, books.dead), (2, 0), "{books:?}");
    Ok(())
}

pub async fn a_window_out_of_range_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    for window in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(31 * 86_400)] {
        let mut guarded = spec("billing/ledger", &["*"])?;
        guarded.idempotency = Some(window);
        let refused = scene.transport.open(guarded).await.err();
        assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::InvalidInput), "{window:?}");
    }
    Ok(())
}
