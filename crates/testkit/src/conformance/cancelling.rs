//! What is cancelled before its time: it never comes, and whoever is too late is told so.

use std::time::Duration;

use tekup_core::{
    Result,
    transport::{Admin, Cancellation, Capabilities, EventStatus, Outgoing, Transport},
};

use super::{
    Harness, Scene,
    events::{assert_all, event, event_of, events},
    scheduling::{by, later, schedule},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

async fn cancel<H: Harness>(scene: &Scene<H>, event: &Outgoing) -> Result<Cancellation> {
    scene.admin().cancel(&event.tenant, event.id).await
}

pub async fn a_cancelled_event_never_comes<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let [sent, other] = [later(event("lead.created")?, H::delay()), later(event("lead.created")?, H::delay())];
    for event in [&sent, &other] {
        schedule(scene, event).await?;
    }
    let elsewhere = scene.another_process().await?;
    let cancelled = elsewhere.admin().cancel(&sent.tenant, sent.id).await?;
    assert_eq!(cancelled, Cancellation::Cancelled);
    assert_eq!(cancel(scene, &sent).await?, Cancellation::AlreadyCancelled);
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!(came.id, other.id);
    scene.ledger.published(other.event_type.clone());
    reader.ack(&[came]).await?;
    reader.nothing_comes_for(H::delay() + H::quiet()).await?;
    assert_eq!(cancel(scene, &sent).await?, Cancellation::AlreadyCancelled);
    assert!(schedule(scene, &sent).await? || !scene.can().dedupe, "the id of what was cancelled stays taken");
    if scene.can().status {
        assert_eq!(scene.status(&sent).await?, EventStatus::cancelled());
    }
    Ok(())
}

pub async fn a_cancellation_that_comes_too_late_says_so<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = later(event("lead.created")?, H::delay());
    schedule(scene, &sent).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    scene.ledger.published(sent.event_type.clone());
    assert_eq!(cancel(scene, &sent).await?, Cancellation::TooLate);
    reader.ack(&[came]).await?;
    assert_eq!(cancel(scene, &sent).await?, Cancellation::TooLate);
    let at_once = event("lead.created")?;
    scene.publish_one(&at_once).await?;
    assert_eq!(cancel(scene, &at_once).await?, Cancellation::TooLate);
    assert_eq!(cancel(scene, &event("lead.created")?).await?, Cancellation::Unknown);
    reader.finish(1, 1).await?;
    Ok(())
}

pub async fn a_cancellation_that_races_with_the_time_is_true_either_way<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let step = Duration::from_millis(1);
    let sent: Vec<_> = events(60, "lead.created")?
        .into_iter()
        .zip(0..)
        .map(|(event, at)| later(event, H::delay() + step * at))
        .collect();
    assert!(scene.transport.publish(sent.clone()).await?.into_iter().all(|answer| answer.is_ok()));
    scene.harness.advance(H::delay()).await;
    let mut missed = Vec::new();
    // Those that are due last are asked for first.
    for event in sent.iter().rev() {
        match cancel(scene, event).await? {
            Cancellation::Cancelled => {}
            Cancellation::TooLate => missed.push(event.id),
            other => return Err(unexpected(format!("{} is {other}", event.id))),
        }
    }
    (0..missed.len()).try_for_each(|_| "lead.created".parse().map(|name| scene.ledger.published(name)))?;
    assert_all(reader.finish(missed.len(), 10).await?, missed);
    reader.nothing_comes_for(H::quiet() + step * 60).await
}

pub async fn another_tenants_cancellation_finds_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = later(event_of("acme", "lead.created")?, H::delay());
    schedule(scene, &sent).await?;
    let stranger = "globex".parse()?;
    assert_eq!(scene.admin().cancel(&stranger, sent.id).await?, Cancellation::Unknown);
    // A stranger's event with the same id is another one.
    let theirs = Outgoing { tenant: stranger.clone(), ..sent.clone() };
    assert!(!schedule(scene, &theirs).await?);
    assert_eq!(scene.admin().cancel(&stranger, sent.id).await?, Cancellation::Cancelled);
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!((came.id, came.tenant.as_ref()), (sent.id, Some(&sent.tenant)));
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await
}
