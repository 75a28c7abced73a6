//! Subscriptions that are paused, and go on.

use std::sync::Arc;

use tekup_core::{
    Context, ErrorKind, EventBus, EventId, RawEvent, Result, Subscription, SubscriptionHandle, Timestamp,
    transport::{Admin, Books, Capabilities, Source, Stage, Transport},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, events, ids},
    on_the_bus::{Mouth, ear, scored, settings},
    replica::Replica,
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

const LEDGER: &str = "billing/ledger";

/// Pauses or resumes, which must change something, and waits until the replicas know.
pub(super) async fn set_paused<H: Harness>(scene: &Scene<H>, readers: &[&Replica<H>], paused: bool) -> Result<()> {
    assert!(scene.admin().set_paused(&LEDGER.parse()?, paused).await?, "it was so before");
    for reader in readers {
        let mut state = reader.source.state();
        let known = timeout(H::soon(), state.wait_for(|state| state.is_paused() == paused)).await;
        known.map_err(|_| unexpected("a replica was not told"))?.map_err(|_| unexpected("a replica has gone"))?;
    }
    Ok(())
}

pub async fn a_paused_subscription_is_given_nothing_until_it_is_resumed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    let batch = events(6, "lead.created")?;
    scene.publish(batch[..3].to_vec()).await?;
    assert_in_order(&reader.finish(1, 1).await?, &ids(&batch[..1]));
    set_paused(scene, &[&reader], true).await?;
    scene.publish(batch[3..].to_vec()).await?;
    reader.nothing_comes().await?;
    set_paused(scene, &[&reader], false).await?;
    assert_in_order(&reader.finish(5, 5).await?, &ids(&batch[1..]));
    Ok(())
}

pub async fn a_waiting_fetch_hears_a_resume<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    set_paused(scene, &[&reader], true).await?;
    scene.publish_one(&event("lead.created")?).await?;
    let resume = async {
        tokio::time::sleep(H::quiet()).await;
        set_paused(scene, &[&reader], false).await.map(|()| Instant::now())
    };
    let (batch, resumed) = tokio::try_join!(reader.fetch_within(10, H::quiet() + 2 * H::soon()), resume)?;
    assert!(resumed.elapsed() <= H::soon(), "the waiting fetch took {:?} to wake", resumed.elapsed());
    assert_eq!(batch.len(), 1);
    reader.ack(&batch).await
}

pub async fn both_of_two_replicas_pause_and_go_on<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec(LEDGER, &["*"])?).await?;
    set_paused(scene, &[&one, &other], true).await?;
    let batch = events(20, "lead.created")?;
    scene.publish(batch.clone()).await?;
    tokio::try_join!(one.nothing_comes(), other.nothing_comes())?;
    set_paused(scene, &[&one, &other], false).await?;
    let mut got = one.finish(10, 5).await?;
    got.extend(other.finish(10, 5).await?);
    assert_all(got, ids(&batch));
    Ok(())
}

pub async fn a_pause_holds_for_processes_to_come<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let first = scene.open(LEDGER, &["*"]).await?;
    set_paused(scene, &[&first], true).await?;
    first.close().await?;
    drop(first);
    let (elsewhere, sent) = (scene.another_process().await?, event("lead.created")?);
    let back = scene.open_on(&elsewhere, spec(LEDGER, &["*"])?).await?;
    assert!(back.source.state().borrow().is_paused(), "it is known when the source is opened");
    scene.publish_one(&sent).await?;
    back.nothing_comes().await?;
    assert!(elsewhere.admin().set_paused(&back.id, false).await?, "anyone may resume it");
    assert_eq!(back.finish(1, 1).await?, [sent.id]);
    Ok(())
}

pub async fn a_pause_is_of_one_subscription_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (reader, other) = (scene.open(LEDGER, &["*"]).await?, scene.open("billing/ledger-2", &["*"]).await?);
    set_paused(scene, &[&reader], true).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    assert_eq!(other.finish(1, 1).await?, [sent.id]);
    reader.nothing_comes().await?;
    assert!(!scene.admin().state(&other.id).await?.is_paused());
    Ok(())
}

pub async fn a_pause_that_is_said_twice_changes_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (reader, admin) = (scene.open(LEDGER, &["*"]).await?, scene.admin());
    assert!(!admin.set_paused(&reader.id, false).await?, "it is not paused");
    assert_eq!(admin.state(&reader.id).await?.paused, None);
    assert!(admin.set_paused(&reader.id, true).await?);
    let since = admin.state(&reader.id).await?.paused;
    let age = since.map(|since| Timestamp::now().unix_millis().abs_diff(since.unix_millis()));
    // A paused clock is behind the real one by what the test took, and before it by what was slept.
    assert!(age.is_some_and(|age| age < 3_600_000), "paused since {since:?}");
    scene.harness.advance(H::quiet()).await;
    assert!(!admin.set_paused(&reader.id, true).await?);
    assert_eq!(admin.state(&reader.id).await?.paused, since, "it has been paused since the first time");
    assert!(admin.set_paused(&reader.id, false).await?);
    assert!(!admin.set_paused(&reader.id, false).await?);
    assert_eq!(admin.state(&reader.id).await?.paused, None);
    Ok(())
}

pub async fn a_pause_of_an_unknown_subscription_names_the_one_that_was_meant<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let reader = scene.open(LEDGER, &["*"]).await?;
    let unknown = "billing/legder";
    let errors = [
        bus.pause(unknown).await.err(),
        bus.resume(unknown).await.err(),
        bus.set_rate_limit(unknown, None).await.err(),
        bus.subscription_state(unknown).await.err(),
    ];
    for error in errors {
        let error = error.ok_or_else(|| unexpected("an unknown subscription has a state"))?;
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let message = error.to_string();
        assert!(message.contains(unknown) && message.contains("`billing/ledger`"), "{message}");
    }
    assert_eq!(bus.pause("ledger").await.err().map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    assert!(!scene.admin().state(&reader.id).await?.is_paused());
    bus.shutdown().await
}

pub async fn retries_that_come_due_wait_while_paused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    let batch = events(2, "lead.created")?;
    scene.publish(batch.clone()).await?;
    for held in reader.take_by(2, 2).await? {
        reader.retry(&held, H::delay()).await?;
    }
    set_paused(scene, &[&reader], true).await?;
    reader.nothing_comes_for(H::delay() + H::quiet()).await?;
    assert_eq!(scene.admin().books(&reader.id).await?.retrying, 2);
    set_paused(scene, &[&reader], false).await?;
    let again = reader.take_by(2, 2).await?;
    assert!(again.iter().all(|delivery| delivery.failures == 1), "{again:?}");
    reader.ack(&again).await
}

pub async fn what_a_paused_replica_holds_is_renewed_and_settled<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut short = spec(LEDGER, &["*"])?;
    short.lease = H::lease();
    let (one, other) = scene.open_twice(short).await?;
    scene.publish(events(3, "lead.created")?).await?;
    let held = one.take::<3>().await?;
    set_paused(scene, &[&one, &other], true).await?;
    for _ in 0..6 {
        scene.harness.advance(H::lease() / 3).await;
        let lost = one.source.renew(held.iter().map(|delivery| delivery.held).collect()).await?;
        assert!(lost.is_empty(), "{lost:?}");
    }
    one.ack(&held[..1]).await?;
    one.release(&held[1..2]).await?;
    one.bury(&held[2..]).await?;
    tokio::try_join!(one.nothing_comes(), other.nothing_comes())?;
    set_paused(scene, &[&one, &other], false).await?;
    assert_eq!(other.finish(1, 1).await?, [held[1].id]);
    Ok(())
}

pub async fn the_books_and_the_status_hold_while_paused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    set_paused(scene, &[&reader], true).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    reader.nothing_comes().await?;
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.published, books.ready, books.pending), (1, 1, 0), "{books:?}");
    if scene.can().status {
        assert_eq!(scene.stage(&sent).await?, (Stage::Pending, 0));
    }
    Ok(())
}

/// A handler that says what it begins, and goes on when the gate is opened.
async fn gated(bus: &EventBus, mouth: Mouth<EventId>, gate: &Arc<Semaphore>) -> Result<SubscriptionHandle> {
    let ledger = Subscription::matching("ledger", "*").concurrency(1);
    let ledger = ledger.handler_with((mouth, Arc::clone(gate)), async |(mouth, gate), event: RawEvent, cx: Context| {
        mouth.tell(event.envelope().id);
        assert_eq!(cx.attempt(), 1, "to be handed back is no failure");
        drop(gate.acquire().await);
    });
    bus.subscribe(ledger).await
}

/// Asks until each has heard that it is paused.
async fn until_paused<H: Harness>(running: &[SubscriptionHandle]) -> Result<()> {
    let asking = async {
        while !running.iter().all(|one| one.state().is_paused()) {
            tokio::time::sleep(H::quiet() / 20).await;
        }
    };
    timeout(H::soon(), asking).await.map_err(|_| unexpected("a bus was not told of the pause"))
}

/// Asks the books until they hold.
async fn until_books<H: Harness>(scene: &Scene<H>, what: &str, hold: impl Fn(&Books) -> bool) -> Result<()> {
    let id = LEDGER.parse()?;
    let asking = async {
        while !hold(&scene.admin().books(&id).await?) {
            tokio::time::sleep(H::quiet() / 10).await;
        }
        Ok(())
    };
    timeout(2 * H::soon(), asking).await.map_err(|_| unexpected(format!("the books never say that {what}")))?
}

pub async fn a_pause_hands_back_what_is_not_started_and_lets_the_started_finish<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let mut config = settings::<H>("billing");
    // Long enough that an ended lease is not how they go back.
    config.lease = H::lease() + 20 * H::soon();
    let bus = scene.bus(config).await?;
    let ((mouth, mut ear), gate) = (ear(), Arc::new(Semaphore::new(0)));
    gated(&bus, mouth, &gate).await?;
    let mut sent = Vec::new();
    for score in 0..10 {
        sent.push(bus.publish(scored(score)).await?.id);
    }
    assert_eq!(ear.next(H::soon()).await?, sent[0]);
    until_books(scene, "all are held", |books| books.pending == 10).await?;
    assert!(bus.pause(LEDGER).await?);
    until_books(scene, "only the started one is held", |books| (books.ready, books.pending) == (9, 1)).await?;
    gate.close();
    until_books(scene, "the started one is finished", |books| (books.acked, books.pending) == (1, 0)).await?;
    ear.nothing_for(H::quiet()).await?;
    sent.push(bus.publish(scored(10)).await?.id);
    assert!(bus.resume(LEDGER).await?);
    for id in &sent[1..] {
        assert_eq!(ear.next(H::soon()).await?, *id, "they come in their order");
    }
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await
}

pub async fn two_buses_pause_and_share_the_work_again_when_resumed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = (scene.bus(settings::<H>("billing")).await?, scene.bus(settings::<H>("billing")).await?);
    let ((mouth, mut ear), gate) = (ear(), Arc::new(Semaphore::new(0)));
    gate.close();
    let running = [gated(&one, mouth.clone(), &gate).await?, gated(&other, mouth, &gate).await?];
    let first = one.publish(scored(0)).await?.id;
    assert_eq!(ear.next(H::soon()).await?, first);
    // A third process pauses it.
    let operator = scene.bus(settings::<H>("operators")).await?;
    assert!(operator.pause(LEDGER).await?);
    until_paused::<H>(&running).await?;
    let mut sent = Vec::new();
    for score in 1..=20 {
        sent.push(operator.publish(scored(score)).await?.id);
    }
    ear.nothing_for(H::quiet()).await?;
    assert!(operator.resume(LEDGER).await?);
    let mut handled = Vec::new();
    for _ in 0..sent.len() {
        handled.push(ear.next(H::soon()).await?);
    }
    assert_all(handled, sent);
    for bus in [one, other, operator] {
        bus.shutdown().await?;
    }
    Ok(())
}

pub async fn pausing_again_and_again_amid_work_loses_nothing_and_repeats_nothing<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let mut config = settings::<H>("billing");
    // Whatever is held and forgotten would come too late.
    config.lease = H::lease() + 20 * H::soon();
    let (one, other) = (scene.bus(config.clone()).await?, scene.bus(config).await?);
    let (mouth, mut ear) = ear();
    for bus in [&one, &other] {
        let ledger = Subscription::matching("ledger", "*").handler_with(
            mouth.clone(),
            async |mouth, event: RawEvent, cx: Context| {
                tokio::time::sleep(H::delay() / 200).await;
                mouth.tell((event.envelope().id, cx.attempt()));
            },
        );
        bus.subscribe(ledger).await?;
    }
    let receipts = one.publish_batch((0..400).map(scored)).await?;
    let mut sent =
        receipts.into_iter().map(|stored| stored.map(|stored| (stored.id, 1))).collect::<Result<Vec<_>>>()?;
    let mut handled = Vec::new();
    for round in 0..40 {
        handled.push(ear.next(H::soon()).await?);
        assert!(one.pause(LEDGER).await?);
        // Heard by both, by one, or by none before it is over.
        for _ in 0..round % 10 {
            tokio::task::yield_now().await;
        }
        assert!(other.resume(LEDGER).await?);
    }
    while handled.len() < sent.len() {
        handled.push(ear.next(H::soon()).await?);
    }
    ear.nothing_for(H::quiet()).await?;
    handled.sort_unstable();
    sent.sort_unstable();
    assert!(handled == sent, "each is handled once, at its first attempt");
    one.shutdown().await?;
    other.shutdown().await
}

pub async fn a_paused_bus_starts_nothing_and_stops_at_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    set_paused(scene, &[&reader], true).await?;
    reader.close().await?;
    let bus = scene.bus(settings::<H>("billing")).await?;
    let ((mouth, mut ear), gate) = (ear(), Arc::new(Semaphore::new(0)));
    gated(&bus, mouth.clone(), &gate).await?;
    bus.publish(scored(1)).await?;
    ear.nothing_for(H::quiet()).await?;
    let begun = Instant::now();
    bus.unsubscribe("ledger").await?;
    gated(&bus, mouth, &gate).await?;
    bus.shutdown().await?;
    assert!(begun.elapsed() < 2 * H::soon(), "it took {:?} to stop", begun.elapsed());
    ear.nothing_for(H::quiet()).await?;
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.ready, books.pending, books.acked), (1, 0, 0), "{books:?}");
    Ok(())
}
