//! What a bus promises, on this transport.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Context, Error, ErrorKind, Event, EventId, Outcome, RawEvent, Result, RetryPolicy, Subscription,
    TekupEvent, TenantBus, TenantId,
    transport::{Admin, Capabilities, DeadReason, Stage},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout},
};

use super::{
    Harness, Scene,
    events::{assert_all, event, with_bytes},
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

pub async fn a_tenants_handle_sees_only_its_own<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dead_letters {
        return Ok(());
    }
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (acme, globex) = (bus.tenant("acme")?, bus.tenant("globex")?);
    let mended = Arc::new(AtomicBool::new(false));
    let (mouth, mut everyones) = ear();
    let ledger = Subscription::to::<LeadScored>("ledger").handler_with(
        (mouth, Arc::clone(&mended)),
        async |(mouth, mended), event: Event<LeadScored>, _| {
            mouth.tell(event.envelope.tenant);
            if mended.load(Ordering::SeqCst) { Outcome::Done } else { Outcome::dead_letter("no such lead") }
        },
    );
    bus.subscribe(ledger).await?;
    let (mut of_acme, mut of_globex) = (hears(scene, &acme).await?, hears(scene, &globex).await?);
    let mine = acme.publish(LeadScored { score: 1 }).await?.id;
    let theirs = globex.publish(LeadScored { score: 2 }).await?.id;
    let heard = BTreeSet::from([everyones.next(H::soon()).await?, everyones.next(H::soon()).await?]);
    assert_eq!(heard, BTreeSet::from([acme.tenant().clone(), globex.tenant().clone()]));
    for (ear, handle) in [(&mut of_acme, &acme), (&mut of_globex, &globex)] {
        assert_eq!(ear.next(H::soon()).await?, *handle.tenant());
    }
    let id = "billing/ledger".parse()?;
    timeout(H::soon(), scene.ledger.until_dead(&id, 2)).await.map_err(|_| unexpected("the events did not die"))?;
    mended.store(true, Ordering::SeqCst);
    for (handle, own, other, others) in [(&acme, mine, &globex, theirs), (&globex, theirs, &acme, mine)] {
        publishes_and_subscribes_for_its_own(handle, other).await?;
        sees_its_own(scene.can().status, handle, own, other, others).await?;
        let others_left = other.dead_letters("billing/ledger")?.count().await?;
        assert_eq!(handle.dead_letters("billing/ledger")?.replay_all().await?, 1);
        scene.ledger.replayed(&id, 1);
        assert_eq!(everyones.next(H::soon()).await?, *handle.tenant());
        assert_eq!(other.dead_letters("billing/ledger")?.count().await?, others_left, "the other's are not touched");
    }
    for (ear, tenant) in [(&mut everyones, "all"), (&mut of_acme, "acme"), (&mut of_globex, "globex")] {
        ear.nothing_for(H::quiet()).await.map_err(|error| unexpected(format!("{tenant}: {error}")))?;
    }
    bus.shutdown().await
}

/// Whose events a subscription through a tenant's handle gets.
async fn hears<H: Harness>(scene: &Scene<H>, handle: &TenantBus) -> Result<Ear<TenantId>> {
    let (mouth, ear) = ear();
    let audit = Subscription::matching(format!("audit-{}", handle.tenant()), "*");
    let audit =
        audit.handler_with(mouth, async |mouth, event: RawEvent, _| mouth.tell(event.envelope().tenant.clone()));
    let running = handle.subscribe(audit).await?;
    // Whether another tenant's event is never stored for it or skipped is the transport's choice.
    scene.ledger.ask_only_for_balance(running.id());
    Ok(ear)
}

async fn publishes_and_subscribes_for_its_own(handle: &TenantBus, other: &TenantBus) -> Result<()> {
    let foreign = LeadScored { score: 3 }.event(other.tenant().clone());
    let batch = [LeadScored { score: 4 }.event(other.tenant().clone())];
    let named = Subscription::matching("both", "*").tenants([other.tenant().clone()]);
    refused(handle.publish(foreign).await, "publish")?;
    refused(handle.publish_batch(batch).await, "publish_batch")?;
    refused(handle.subscribe(named.handler(async |_: RawEvent, _| ())).await, "subscribe")?;
    let counters = handle.counters().await?;
    assert_eq!(counters.published, 1, "{}: {counters:?}", handle.tenant());
    Ok(())
}

async fn sees_its_own(
    status: bool,
    handle: &TenantBus,
    own: EventId,
    other: &TenantBus,
    others: EventId,
) -> Result<()> {
    if status {
        assert_eq!(handle.status(own).await?.stage, Stage::Failed);
        assert_eq!(handle.status(others).await?.stage, Stage::Unknown);
    }
    let (letters, tenant) = (handle.dead_letters("billing/ledger")?, handle.tenant().clone());
    let listed: Vec<_> = letters.list(None, 10).await?.letters.into_iter().map(|letter| letter.id).collect();
    assert_eq!((listed.as_slice(), letters.count().await?), ([own].as_slice(), 1));
    assert_eq!(letters.show(tenant.clone(), own).await?.map(|letter| letter.id), Some(own));
    assert_eq!(letters.show(tenant.clone(), others).await?, None);
    assert!(!letters.replay(tenant, others).await?, "another's dead letter was replayed");
    refused(letters.show(other.tenant().clone(), others).await, "show")?;
    refused(letters.replay(other.tenant().clone(), others).await, "replay")
}

fn refused<T>(answer: Result<T>, call: &str) -> Result<()> {
    let error = answer.err().ok_or_else(|| unexpected(format!("`{call}` reached another tenant")))?;
    assert_eq!(error.kind(), ErrorKind::TenantMismatch, "{call}: {error}");
    Ok(())
}

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
    assert!(!status.stage.is_final(), "one is not done with it: {status:?}");
    assert_eq!(bus.wait_for("globex", id, H::soon()).await?.stage, Stage::Unknown, "it is another tenant's");
    may_end.add_permits(1);
    let status = bus.tenant("acme")?.wait_for(id, H::soon()).await?;
    let stages: Vec<Stage> = status.subscriptions.iter().map(|at| at.stage).collect();
    assert_eq!((status.stage, stages), (Stage::Failed, vec![Stage::Completed, Stage::Failed]));
    bus.shutdown().await
}
