//! A bus that stops, and what goes on without it.

use std::{collections::BTreeSet, sync::Arc};

use tekup_core::{
    Context, Error, ErrorKind, Event, Outcome, RawEvent, Result, RetryPolicy, Subscription,
    transport::{Admin, Capabilities},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::{
    Harness, Scene,
    events::assert_all,
    on_the_bus::{LeadScored, LeadWon, ear, scored, settings},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn a_retry_is_alive_in_a_new_bus_on_the_same_store<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (mouth, mut ear) = ear();
    let ledger = || {
        Subscription::to::<LeadScored>("ledger").retry(RetryPolicy::fixed(3, H::delay()).without_jitter()).handler_with(
            mouth.clone(),
            async |mouth, event: Event<LeadScored>, cx: Context| {
                mouth.tell((event.envelope.id, cx.attempt(), cx.first_failure().is_some()));
                if cx.attempt() < 2 { Outcome::retry("the ledger is closed") } else { Outcome::Done }
            },
        )
    };
    let first = scene.bus(settings::<H>("billing")).await?;
    first.subscribe(ledger()).await?;
    let id = first.publish(scored(1)).await?.id;
    assert_eq!(ear.next(H::soon()).await?, (id, 1, false));
    first.shutdown().await?;
    drop(first);
    let second = scene.bus(settings::<H>("billing")).await?;
    second.subscribe(ledger()).await?;
    assert_eq!(ear.next(H::delay() + H::soon()).await?, (id, 2, true));
    ear.nothing_for(H::quiet()).await?;
    second.shutdown().await
}

pub async fn a_stopping_bus_hands_over_what_it_has_not_started_with_attempts_unraised<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    // Long enough that an ended lease is not how the other bus gets them.
    let lasting = || {
        let mut config = settings::<H>("billing");
        config.lease = H::lease() + 20 * H::soon();
        config
    };
    let ((mouth, mut ear), gate) = (ear(), Arc::new(Semaphore::new(0)));
    let ledger = |name: &'static str| {
        let ledger = Subscription::matching("ledger", "*").concurrency(1);
        ledger.handler_with(
            (name, mouth.clone(), Arc::clone(&gate)),
            async |(name, mouth, gate), event: RawEvent, cx: Context| {
                mouth.tell((name, event.envelope().id, cx.attempt()));
                if name == "stopping" {
                    drop(gate.acquire().await);
                }
            },
        )
    };
    let (stopping, staying) = (scene.bus(lasting()).await?, scene.bus(lasting()).await?);
    stopping.subscribe(ledger("stopping")).await?;
    let mut sent = BTreeSet::new();
    for score in 0..10 {
        sent.insert(stopping.publish(scored(score)).await?.id);
    }
    let (_, started, _) = ear.next(H::soon()).await?;
    let held = timeout(H::soon(), until_all_are_held(scene, 10));
    held.await.map_err(|_| unexpected("the bus did not fetch ahead"))??;
    staying.subscribe(ledger("staying")).await?;
    ear.nothing_for(H::quiet()).await?;
    let leave = async { stopping.shutdown().await.map(|()| Instant::now()) };
    let taken_over = async {
        let mut taken = vec![started];
        for _ in 1..10 {
            let (by, id, attempt) = ear.next(H::soon()).await?;
            assert_eq!((by, attempt), ("staying", 1), "{id} was handed over");
            taken.push(id);
        }
        let handed_over = Instant::now();
        gate.close();
        Ok((taken, handed_over))
    };
    let (left, (taken, handed_over)) = tokio::try_join!(leave, taken_over)?;
    assert!(handed_over <= left, "the started one was waited for");
    assert_all(taken, sent.into_iter().collect());
    ear.nothing_for(H::quiet()).await?;
    staying.shutdown().await
}

async fn until_all_are_held<H: Harness>(scene: &Scene<H>, count: u64) -> Result<()> {
    let id = "billing/ledger".parse()?;
    while scene.admin().books(&id).await?.pending < count {
        tokio::time::sleep(H::quiet() / 10).await;
    }
    Ok(())
}

pub async fn a_handler_may_publish_while_its_bus_is_stopping<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (stopping, other) = (scene.bus(settings::<H>("billing")).await?, scene.bus(settings::<H>("mailing")).await?);
    let ((mouth, mut started), (winner, mut won)) = (ear(), ear());
    let welcome = Subscription::to::<LeadWon>("welcome");
    other
        .subscribe(welcome.handler_with(winner, async |mouth, event: Event<LeadWon>, _| {
            mouth.tell((event.envelope.tenant.clone(), event.envelope.cause()));
        }))
        .await?;
    let ledger = Subscription::to::<LeadScored>("ledger");
    stopping
        .subscribe(ledger.handler_with(mouth, async |mouth, event: Event<LeadScored>, cx: Context| {
            mouth.tell(event.envelope.id);
            cx.stopping().await;
            cx.publish(LeadWon {}).await?;
            Ok(())
        }))
        .await?;
    let id = stopping.publish(scored(1)).await?.id;
    assert_eq!(started.next(H::soon()).await?, id);
    stopping.shutdown().await?;
    assert_eq!(won.next(H::soon()).await?, ("acme".parse()?, Some(id)));
    let refused: Option<Error> = stopping.publish(scored(2)).await.err();
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Closed), "a stopped bus publishes nothing");
    other.shutdown().await
}
