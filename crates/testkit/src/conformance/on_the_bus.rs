//! What a bus promises, on this transport.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Context, Event, Outcome, Result, Subscription, TekupEvent,
    transport::{Capabilities, DeadReason, Stage},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout},
};

use super::{
    Harness, Scene,
    events::{event, with_bytes},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
pub(super) struct LeadScored {
    pub(super) score: u32,
}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
pub(super) struct LeadWon {}

/// A service's settings, with a short lease and a grace that no handler here needs in full.
pub(super) fn settings<H: Harness>(service: &str) -> BusConfig {
    let mut config = BusConfig::new(service);
    (config.lease, config.retry_delay, config.shutdown_grace) = (H::lease(), H::delay(), 5 * H::soon());
    config
}

pub(super) fn scored(score: u32) -> tekup_core::Draft<LeadScored> {
    LeadScored { score }.event("acme")
}

/// What handlers tell the test.
pub(super) fn ear<T>() -> (Mouth<T>, Ear<T>) {
    let (tell, ear) = mpsc::unbounded_channel();
    (Mouth(tell), Ear(ear))
}

pub(super) struct Mouth<T>(mpsc::UnboundedSender<T>);

pub(super) struct Ear<T>(mpsc::UnboundedReceiver<T>);

impl<T> Clone for Mouth<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Mouth<T> {
    pub(super) fn tell(&self, what: T) {
        // A test that has heard enough has left.
        let _unheard = self.0.send(what);
    }
}

impl<T: std::fmt::Debug> Ear<T> {
    pub(super) async fn next(&mut self, patience: Duration) -> Result<T> {
        let told = timeout(patience, self.0.recv()).await.ok().flatten();
        told.ok_or_else(|| unexpected(format!("no handler was called within {patience:?}")))
    }

    pub(super) async fn nothing_for(&mut self, time: Duration) -> Result<()> {
        match timeout(time, self.0.recv()).await {
            Ok(Some(told)) => Err(unexpected(format!("a handler was called once too often: {told:?}"))),
            _ => Ok(()),
        }
    }
}

pub async fn a_timed_out_handlers_late_result_is_ignored<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let slow = Subscription::to::<LeadScored>("ledger").timeout(H::delay() / 2).handler_with(
        (mouth, scene.can().paused_time),
        async |(mouth, paused), _: Event<LeadScored>, cx: Context| {
            if cx.attempt() == 1 {
                block_for(H::delay() * 3 / 4, paused).await;
            }
            // The time of the first attempt is over; there is no await left at which it could be cancelled.
            mouth.tell((cx.attempt(), Instant::now() > cx.deadline()));
        },
    );
    bus.subscribe(slow).await?;
    let id = bus.publish(scored(1)).await?.id;
    assert_eq!(ear.next(H::delay() + H::soon()).await?, (1, true), "the first attempt says late that it is done");
    assert_eq!(ear.next(H::delay() + H::soon()).await?, (2, false));
    ear.nothing_for(H::delay() + H::quiet()).await?;
    bus.shutdown().await?;
    let counters = bus.counters().await?;
    assert_eq!((counters.handled, counters.retried, counters.dead_lettered), (1, 1, 0), "{counters:?}");
    if scene.can().status {
        assert_eq!(bus.status("acme", id).await?.stage, Stage::Completed);
    }
    Ok(())
}

/// Keeps its thread, so that nothing can cancel the handler meanwhile.
async fn block_for(time: Duration, paused: bool) {
    if paused { tokio::time::advance(time).await } else { std::thread::sleep(time) }
}

pub async fn what_can_not_be_decoded_is_dead_at_its_first_attempt_and_stops_nobody<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = Subscription::to::<LeadScored>("ledger").concurrency(1);
    let ledger = ledger.handler_with(mouth, async |mouth, event: Event<LeadScored>, _| mouth.tell(event.data.score));
    bus.subscribe(ledger).await?;
    let no_event = with_bytes(event("lead.scored")?, "<lead/>");
    let no_score = event("lead.scored")?;
    let of_another = with_bytes(event("lead.scored")?, no_score.bytes.clone());
    let bad = [no_event, no_score, of_another];
    for (sent, score) in bad.iter().zip(1..) {
        bus.publish(sent.clone()).await?;
        bus.publish(scored(score)).await?;
    }
    for score in 1..=3 {
        assert_eq!(ear.next(H::soon()).await?, score);
    }
    ear.nothing_for(H::delay() + H::quiet()).await?;
    bus.shutdown().await?;
    if !scene.can().dead_letters {
        return Ok(());
    }
    let letters = bus.dead_letters("billing/ledger")?.list(None, 10).await?.letters;
    assert_eq!(letters.len(), bad.len(), "{letters:?}");
    for sent in bad {
        let letter = letters.iter().find(|letter| letter.id == sent.id);
        let letter = letter.ok_or_else(|| unexpected("what can't be decoded is no dead letter"))?;
        assert_eq!((letter.reason, letter.attempts, &letter.bytes), (DeadReason::Undecodable, 1, &sent.bytes));
    }
    Ok(())
}

pub async fn what_a_filter_leaves_out_is_finished_and_counted<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let choosy = Subscription::to::<LeadScored>("ledger").concurrency(1).filter(|event| event.data.score > 50);
    bus.subscribe(choosy.handler_with(mouth, async |mouth, event: Event<LeadScored>, _| mouth.tell(event.data.score)))
        .await?;
    let left_out = bus.publish(scored(10)).await?.id;
    for score in [60, 20, 70] {
        bus.publish(scored(score)).await?;
    }
    for score in [60, 70] {
        assert_eq!(ear.next(H::soon()).await?, score);
    }
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await?;
    let counters = bus.counters().await?;
    assert_eq!((counters.published, counters.handled, counters.filtered), (4, 2, 2), "{counters:?}");
    let books = bus.books("billing/ledger").await?;
    assert_eq!((books.published, books.acked), (4, 4), "{books:?}");
    if scene.can().status {
        assert_eq!(bus.status("acme", left_out).await?.stage, Stage::Completed);
    }
    Ok(())
}

pub async fn waiting_for_an_event_ends_when_every_subscription_is_done_with_it<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    if !scene.can().status {
        return Ok(());
    }
    let bus = scene.bus(settings::<H>("billing")).await?;
    let may_end = Arc::new(Semaphore::new(0));
    let quick = Subscription::to::<LeadScored>("quick").handler(async |_: Event<LeadScored>, _| ());
    let slow = Subscription::to::<LeadScored>("slow").handler_with(Arc::clone(&may_end), async |may_end, _, _| {
        let _ended = may_end.acquire().await;
        Outcome::dead_letter("no such lead")
    });
    bus.subscribe(quick).await?;
    bus.subscribe(slow).await?;
    let id = bus.publish(scored(1)).await?.id;
    let begun = Instant::now();
    let status = bus.wait_for("acme", id, H::quiet()).await?;
    assert!(begun.elapsed() >= H::quiet(), "it was not waited for");
    assert!(begun.elapsed() < H::quiet() + H::soon(), "it was waited for too long");
    assert!(!status.stage.is_final(), "one is not done with it: {status:?}");
    assert!(!bus.wait_for("acme", id, Duration::ZERO).await?.stage.is_final(), "no patience is one look");
    assert_eq!(bus.wait_for("globex", id, H::soon()).await?.stage, Stage::Unknown, "it is another tenant's");
    may_end.add_permits(1);
    let status = bus.tenant("acme")?.wait_for(id, H::soon()).await?;
    let stages: Vec<Stage> = status.subscriptions.iter().map(|at| at.stage).collect();
    assert_eq!((status.stage, stages), (Stage::Failed, vec![Stage::Completed, Stage::Failed]));
    bus.shutdown().await
}
