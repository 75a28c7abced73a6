//! Who owns a delivery.

use tekup_core::{
    Result,
    transport::{Capabilities, DeadReason, Delivery, Settled, Source, Start, Verdict},
};

use super::{
    Harness, Scene,
    events::{event, events, ids},
    replica::{Replica, exactly, retry},
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Two replicas in two processes, the first of which holds so many events under a short lease.
async fn one_holds<H: Harness>(scene: &Scene<H>, count: usize) -> Result<(Replica<H>, Replica<H>, Vec<Delivery>)> {
    let mut short = spec("billing/ledger", &["*"])?;
    short.lease = H::lease();
    let (one, other) = scene.open_twice(short).await?;
    scene.publish(events(count, "lead.created")?).await?;
    let held = one.take_by(count, count).await?;
    Ok((one, other, held))
}

async fn take_over<H: Harness>(reader: &Replica<H>, count: usize) -> Result<Vec<Delivery>> {
    let taken = reader.take_within(count, count, 2 * H::lease() + H::soon()).await?;
    assert!(taken.iter().all(|delivery| delivery.start == Start::TakenOver), "{taken:?}");
    Ok(taken)
}

pub async fn an_ended_lease_gives_the_delivery_to_another_replica<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (_one, other, held) = one_holds(scene, 1).await?;
    let [first] = exactly(held)?;
    other.nothing_comes_for(H::lease() / 2).await?;
    let [taken] = exactly(take_over(&other, 1).await?)?;
    assert_eq!((taken.id, taken.held.starts), (first.id, first.held.starts), "taking over is no start");
    assert!(taken.bytes.is_empty(), "a delivery that may have killed its replica has no content until it is started");
    let started = other.start(&taken).await?;
    assert_eq!((started.held.starts, &started.bytes), (first.held.starts + 1, &first.bytes));
    assert_eq!((started.id, started.tenant.clone(), started.failures), (first.id, first.tenant, 0));
    other.ack(&[started]).await?;
    other.nothing_comes().await
}

pub async fn being_taken_over_unstarted_raises_no_count<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 5).await?;
    let once = take_over(&other, 5).await?;
    let twice = take_over(&one, 5).await?;
    for (before, after) in [(&held, &once), (&once, &twice)] {
        let starts = |batch: &[Delivery]| batch.iter().map(|delivery| delivery.held.starts).max();
        assert_eq!(starts(before), starts(after), "an innocent that was only held would be parked as a crasher");
    }
    for delivery in &twice {
        let started = one.start(delivery).await?;
        one.ack(&[started]).await?;
    }
    Ok(())
}

pub async fn a_start_is_fenced<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, _) = one_holds(scene, 1).await?;
    let [early] = exactly(take_over(&other, 1).await?)?;
    let [late] = exactly(take_over(&one, 1).await?)?;
    assert!(other.source.start(early.held).await?.is_none(), "a replica that lost the lease starts nothing");
    let started = one.start(&late).await?;
    assert!(one.source.start(late.held).await?.is_none(), "one start counts once");
    one.ack(std::slice::from_ref(&started)).await?;
    assert!(one.source.start(started.held).await?.is_none(), "what is finished can't be started");
    Ok(())
}

pub async fn renewal_keeps_the_lease<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 3).await?;
    for _ in 0..8 {
        other.nothing_comes_for(H::lease() / 4).await?;
        let lost = one.source.renew(held.iter().map(|delivery| delivery.held).collect()).await?;
        assert!(lost.is_empty(), "a lease was lost although it was renewed in time: {lost:?}");
    }
    one.ack(&held).await?;
    other.nothing_comes_for(H::lease() + H::quiet()).await
}

pub async fn renewal_names_what_is_lost<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 3).await?;
    let taken = take_over(&other, 3).await?;
    let mut lost = one.source.renew(held.iter().map(|delivery| delivery.held).collect()).await?;
    lost.sort();
    let mut expected: Vec<_> = held.iter().map(|delivery| delivery.held).collect();
    expected.sort();
    assert_eq!(lost, expected);
    let kept = other.source.renew(taken.iter().map(|delivery| delivery.held).collect()).await?;
    assert!(kept.is_empty(), "the new owner lost {kept:?} to a stale renewal");
    for delivery in &taken {
        let started = other.start(delivery).await?;
        other.ack(&[started]).await?;
    }
    Ok(())
}

pub async fn a_stale_replica_changes_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 3).await?;
    let mut started = Vec::new();
    for delivery in take_over(&other, 3).await? {
        started.push(other.start(&delivery).await?);
    }
    let [a, b, c] = exactly(held)?;
    let reason = DeadReason::Rejected;
    let dead = Verdict::DeadLetter { reason, attempts: 1, error: "late".into() };
    let verdicts = vec![(&a, retry(&a, H::delay())), (&b, dead), (&c, Verdict::Release)];
    assert_eq!(one.settle_all(verdicts).await?, [Settled::LeaseLost; 3]);
    let kept = other.source.renew(started.iter().map(|delivery| delivery.held).collect()).await?;
    assert!(kept.is_empty(), "a stale verdict took {kept:?} from the new owner");
    other.ack(&started).await?;
    other.nothing_comes_for(H::delay() + H::quiet()).await
}

pub async fn the_ack_of_a_stale_replica_finishes_the_event_at_most_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 1).await?;
    let [stale] = exactly(held)?;
    let [taken] = exactly(take_over(&other, 1).await?)?;
    let started = other.start(&taken).await?;
    let answers = [one.settle(&stale, Verdict::Ack).await?, other.settle(&started, Verdict::Ack).await?];
    assert_eq!(answers.iter().filter(|settled| **settled == Settled::Done).count(), 1, "{answers:?}");
    other.nothing_comes_for(H::lease() + H::quiet()).await
}

pub async fn a_verdict_repeated_changes_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish(events(3, "lead.created")?).await?;
    let [a, b, c] = reader.take().await?;
    let dead = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    let verdicts = vec![(&a, Verdict::Ack), (&b, dead), (&c, retry(&c, H::delay()))];
    assert_eq!(reader.settle_all(verdicts.clone()).await?, [Settled::Done; 3]);
    assert_eq!(reader.settle_all(verdicts).await?, [Settled::LeaseLost; 3]);
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!((again.id, again.failures), (c.id, 1));
    reader.ack(&[again]).await
}

pub async fn verdicts_of_a_batch_are_answered_in_their_order<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish([events(20, "lead.created")?, events(20, "lead.scored")?].concat()).await?;
    let batch = reader.take_by(40, 40).await?;
    let (done, open): (Vec<_>, Vec<_>) = batch.iter().enumerate().partition(|(at, _)| at % 3 == 0);
    for (_, delivery) in &done {
        reader.bury(std::slice::from_ref(*delivery)).await?;
    }
    let again = |delivery: &Delivery| Verdict::DeadLetter {
        reason: DeadReason::Rejected,
        attempts: delivery.failures + 1,
        error: "again".into(),
    };
    let answers = reader.settle_all(batch.iter().map(|delivery| (delivery, again(delivery))).collect()).await?;
    for (at, settled) in answers.into_iter().enumerate() {
        let expected = if at % 3 == 0 { Settled::LeaseLost } else { Settled::Done };
        assert_eq!(settled, expected, "verdict {at}");
    }
    if scene.can().dead_letters {
        assert_eq!(scene.dead(&reader.id).await?.len(), done.len() + open.len());
    }
    Ok(())
}

pub async fn a_released_delivery_goes_to_a_peer_at_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["*"])?).await?;
    let sent = events(20, "lead.created")?;
    scene.publish(sent.clone()).await?;
    let held = one.take_by(20, 20).await?;
    one.release(&held).await?;
    let moved = other.take_by(20, 20).await?;
    assert_eq!(moved.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), ids(&sent), "order is kept");
    for (before, after) in held.iter().zip(&moved) {
        assert_eq!((after.start, after.held.starts), (Start::Fresh, before.held.starts), "a release is no attempt");
        assert_eq!((&after.bytes, after.failures), (&before.bytes, 0));
    }
    let late = one.settle_all(held.iter().map(|delivery| (delivery, retry(delivery, H::delay()))).collect()).await?;
    assert!(late.iter().all(|settled| *settled == Settled::LeaseLost), "who released holds nothing");
    other.ack(&moved).await
}

pub async fn a_released_retry_keeps_its_failures<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["*"])?).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    one.retry(&one.take_one().await?, H::delay()).await?;
    let again = one.take_one_within(H::delay() + H::soon()).await?;
    one.release(std::slice::from_ref(&again)).await?;
    let moved = other.take_one().await?;
    assert_eq!((moved.id, moved.start, moved.failures), (sent.id, Start::Fresh, 1));
    assert_eq!((&moved.bytes, moved.first_failure), (&sent.bytes, again.first_failure));
    other.ack(&[moved]).await
}

pub async fn an_ended_lease_of_a_retry_gives_it_to_another_replica<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other, held) = one_holds(scene, 1).await?;
    let [first] = exactly(held)?;
    one.retry(&first, H::delay()).await?;
    let again = one.take_one_within(H::delay() + H::soon()).await?;
    let [taken] = exactly(take_over(&other, 1).await?)?;
    let started = other.start(&taken).await?;
    assert_eq!((started.id, &started.bytes, started.failures), (first.id, &first.bytes, 1));
    assert_eq!(started.first_failure, again.first_failure);
    assert_eq!(one.settle(&again, retry(&again, H::delay())).await?, Settled::LeaseLost);
    other.ack(&[started]).await
}
