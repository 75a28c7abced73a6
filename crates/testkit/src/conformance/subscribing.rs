//! Who is given what.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tekup_core::{
    ErrorKind, EventId, Result,
    transport::{Admin, Capabilities, Outgoing},
};
use tokio::task::JoinSet;

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, events, ids},
    replica::Replica,
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn each_service_gets_every_event<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let billing = scene.open("billing/ledger", &["lead.*"]).await?;
    let mailing = scene.open("mailing/welcome", &["lead.*"]).await?;
    let other_reader = scene.open("billing/audit", &["lead.*"]).await?;
    let batch = events(30, "lead.created")?;
    scene.publish(batch.clone()).await?;
    for reader in [&billing, &mailing, &other_reader] {
        assert_in_order(&reader.finish(30, 7).await?, &ids(&batch));
    }
    billing.nothing_comes().await
}

pub async fn replicas_share_the_work<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["lead.*"])?).await?;
    let batch = events(100, "lead.created")?;
    scene.publish(batch.clone()).await?;
    let (mut taken, of_other) = tokio::try_join!(one.finish(50, 5), other.finish(50, 5))?;
    taken.extend(of_other);
    assert_all(taken, ids(&batch));
    one.nothing_comes().await?;
    other.nothing_comes().await
}

pub async fn a_subscription_that_was_away_gets_what_it_missed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish(events(3, "lead.created")?).await?;
    reader.finish(3, 3).await?;
    reader.close().await?;
    let missed = [events(5, "lead.created")?, events(5, "lead.scored")?].concat();
    scene.publish(missed.clone()).await?;
    let elsewhere = scene.another_process().await?;
    let back = scene.open_on(&elsewhere, spec("billing/ledger", &["lead.*"])?).await?;
    assert_all(back.finish(10, 4).await?, ids(&missed));
    back.nothing_comes().await
}

pub async fn a_new_subscription_starts_now<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let older = scene.open("billing/ledger", &["*"]).await?;
    scene.publish(events(5, "lead.created")?).await?;
    let newer = scene.open("mailing/welcome", &["*"]).await?;
    let later = [events(3, "lead.created")?, events(3, "lead.scored")?].concat();
    scene.publish(later.clone()).await?;
    assert_all(newer.finish(6, 6).await?, ids(&later));
    newer.nothing_comes().await?;
    older.finish(11, 11).await?;
    Ok(())
}

pub async fn an_event_that_two_patterns_match_comes_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*", "*.created"]).await?;
    let batch = [event("lead.created")?, event("lead.scored")?, event("proposal.created")?];
    scene.publish(batch.to_vec()).await?;
    scene.publish_one(&event("proposal.sent")?).await?;
    assert_all(reader.finish(3, 3).await?, ids(&batch));
    reader.nothing_comes().await
}

pub async fn wildcards_match_whole_types<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["support.*", "*-signal.detected"]).await?;
    let wanted = [event("support.session.started")?, event("buying-signal.detected")?];
    for unwanted in ["xsupport.started", "support-desk.opened", "signal.detected", "buying-signal.detected.twice"] {
        scene.publish_one(&event(unwanted)?).await?;
    }
    scene.publish(wanted.to_vec()).await?;
    assert_all(reader.finish(2, 2).await?, ids(&wanted));
    reader.nothing_comes().await
}

pub async fn the_patterns_of_the_newest_replica_hold<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let old = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    old.finish(1, 1).await?;
    old.close().await?;
    let new = scene.open("billing/ledger", &["invoice.*"]).await?;
    let wanted = event("invoice.paid")?;
    scene.publish(vec![event("lead.created")?, event("lead.scored")?, wanted.clone()]).await?;
    assert_eq!(new.finish(1, 1).await?, [wanted.id]);
    new.nothing_comes().await
}

pub async fn first_deliveries_of_a_lane_come_in_the_order_of_storing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.created"]).await?;
    let batch = events(200, "lead.created")?;
    for part in batch.chunks(7) {
        scene.publish(part.to_vec()).await?;
    }
    assert_in_order(&reader.finish(200, 13).await?, &ids(&batch));
    Ok(())
}

/// Publishers that make lanes, and subscriptions that join, all at once.
pub async fn nothing_is_missed_while_lanes_and_subscriptions_are_made_in_a_race<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    const PUBLISHERS: usize = 3;
    const TYPES: usize = 40;
    let clock = Arc::new(AtomicUsize::new(0));
    let mut publishing = JoinSet::new();
    for publisher in 0..PUBLISHERS {
        let (transport, clock) = (scene.another_process().await?, Arc::clone(&clock));
        publishing.spawn(publish_new_types::<H>(transport, clock, publisher, TYPES));
    }
    let mut readers: Vec<(Replica<H>, usize)> = Vec::new();
    for number in 0..6 {
        let reader = scene.open(&format!("service-{number}/all"), &["race.*"]).await?;
        scene.ledger.ask_only_for_balance(&reader.id);
        readers.push((reader, clock.fetch_add(1, Ordering::SeqCst)));
    }
    let mut published = Vec::new();
    while let Some(part) = publishing.join_next().await {
        published.extend(part.map_err(|cause| unexpected(cause.to_string()))??);
    }
    for (reader, opened) in readers {
        let due = published.iter().filter(|(begun, _)| *begun > opened).map(|(_, id)| *id).collect();
        everything_due_comes(&reader, due).await?;
    }
    Ok(())
}

pub async fn replicas_that_are_alive_are_counted_and_a_closed_one_goes_at_once<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["*"])?).await?;
    let neighbour = scene.open("billing/ledger-2", &["*"]).await?;
    let admin = scene.admin();
    assert_eq!(admin.replicas(&one.id).await?.alive, 2);
    one.close().await?;
    let left = admin.replicas(&one.id).await?;
    assert!(left.alive == 1 && left.last_heard.is_some(), "{left:?}");
    one.close().await?;
    assert_eq!(admin.replicas(&one.id).await?.alive, 1, "closed twice, it has left once");
    other.close().await?;
    let nobody = admin.replicas(&one.id).await?;
    assert!(nobody.alive == 0 && nobody.last_heard >= left.last_heard, "{nobody:?} after {left:?}");
    scene.harness.advance(H::quiet()).await;
    assert_eq!(admin.replicas(&one.id).await?, nobody, "nobody was heard of since");
    let again = scene.open("billing/ledger", &["*"]).await?;
    assert_eq!(admin.replicas(&again.id).await?.alive, 1);
    assert_eq!(admin.replicas(&neighbour.id).await?.alive, 1);
    Ok(())
}

pub async fn replicas_of_an_unknown_subscription_are_asked_for_in_vain<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let _known = scene.open("billing/ledger", &["*"]).await?;
    let error = scene.admin().replicas(&"billing/leger".parse()?).await.err();
    let error = error.ok_or_else(|| unexpected("nobody has that name"))?;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("billing/ledger"), "{error}");
    Ok(())
}

async fn publish_new_types<H: Harness>(
    transport: Arc<H::Transport>,
    clock: Arc<AtomicUsize>,
    publisher: usize,
    types: usize,
) -> Result<Vec<(usize, EventId)>> {
    use tekup_core::transport::Transport;
    let mut published = Vec::new();
    for number in 0..types {
        let one: Outgoing = event(&format!("race.p{publisher}.n{number}"))?;
        published.push((clock.fetch_add(1, Ordering::SeqCst), one.id));
        transport.publish(vec![one]).await?.into_iter().collect::<Result<Vec<_>>>()?;
        tokio::task::yield_now().await;
    }
    Ok(published)
}

async fn everything_due_comes<H: Harness>(reader: &Replica<H>, mut due: BTreeSet<EventId>) -> Result<()> {
    let mut seen = BTreeSet::new();
    while !due.is_empty() {
        let batch = reader.fetch_within(50, H::soon()).await?;
        if batch.is_empty() {
            return Err(unexpected(format!("{} was not given {due:?}", reader.id)));
        }
        for delivery in &batch {
            assert!(seen.insert(delivery.id), "{} got {} twice", reader.id, delivery.id);
            due.remove(&delivery.id);
        }
        reader.ack(&batch).await?;
    }
    Ok(())
}
