//! One event by its id: found wherever it lies, with the bytes that were published.

use tekup_core::{
    EventId, Priority, Result, Timestamp,
    transport::{Admin, Capabilities, Outgoing, StoredEvent, StoredIn},
};
use tokio::time::Instant;

use super::{
    Harness, Scene,
    events::{event, event_of, with_bytes},
    scheduling::{by, later, schedule},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.status;

/// What is stored of an event, which must be what was published.
async fn found<H: Harness>(scene: &Scene<H>, sent: &Outgoing) -> Result<StoredEvent> {
    let stored = scene.admin().event(&sent.tenant, sent.id).await?;
    let stored = stored.ok_or_else(|| unexpected(format!("event {} is not found", sent.id)))?;
    assert_eq!((stored.id, &stored.tenant, &stored.bytes), (sent.id, &sent.tenant, &sent.bytes));
    assert_eq!((stored.event_type.as_ref(), stored.priority), (Some(&sent.event_type), Some(sent.priority)));
    Ok(stored)
}

/// Waits until the event's lane has let go of it, and answers where it lies then.
async fn when_gone_from_its_lane<H: Harness>(scene: &Scene<H>, sent: &Outgoing) -> Result<StoredIn> {
    let deadline = Instant::now() + 5 * H::soon();
    loop {
        let place = found(scene, sent).await?.place;
        if place != StoredIn::Lane || Instant::now() >= deadline {
            return Ok(place);
        }
        scene.harness.advance(H::quiet()).await;
    }
}

pub async fn an_event_is_found_in_its_lane_with_the_bytes_that_were_published<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let odd = Outgoing { priority: Priority::High, ..with_bytes(event("lead.created")?, "{ \"no\": \"event\"\u{0}\n") };
    for sent in [event("lead.created")?, odd] {
        scene.publish_one(&sent).await?;
        assert_eq!(found(scene, &sent).await?.place, StoredIn::Lane, "pending");
        let held = reader.take_one().await?;
        assert_eq!(found(scene, &sent).await?.place, StoredIn::Lane, "processing");
        reader.ack(&[held]).await?;
    }
    Ok(())
}

pub async fn an_event_that_waits_for_its_time_is_found_with_that_time<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let far = Outgoing { priority: Priority::Low, ..later(event("lead.created")?, 1_000 * H::delay()) };
    let begun = Timestamp::now().unix_millis();
    schedule(scene, &far).await?;
    let StoredIn::Schedule { due } = found(scene, &far).await?.place else {
        return Err(unexpected("an event that waits lies somewhere else"));
    };
    let wait = i64::try_from((1_000 * H::delay()).as_millis()).unwrap_or(i64::MAX);
    let slack = i64::try_from(H::soon().as_millis()).unwrap_or(i64::MAX);
    assert!((due.unix_millis() - begun - wait).abs() <= slack, "{due} is not {wait} ms after {begun}");
    let near = later(event("lead.created")?, H::delay());
    schedule(scene, &near).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    scene.ledger.published(near.event_type.clone());
    assert_eq!(found(scene, &near).await?.place, StoredIn::Lane);
    reader.ack(&[came]).await?;
    assert_eq!(scene.admin().cancel(&far.tenant, far.id).await?.as_str(), "cancelled");
    assert_eq!(scene.admin().event(&far.tenant, far.id).await?, None, "a cancelled event is stored nowhere");
    Ok(())
}

pub async fn an_event_is_found_while_it_is_retried_and_when_it_is_dead<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = with_bytes(event("lead.created")?, "retried \u{1F980} as it is");
    scene.publish_one(&sent).await?;
    let delay = 2 * H::soon();
    reader.retry(&reader.take_one().await?, delay).await?;
    assert_eq!(when_gone_from_its_lane(scene, &sent).await?, StoredIn::Retries(reader.id.clone()));
    let again = reader.take_one_within(delay + H::soon()).await?;
    assert_eq!(found(scene, &sent).await?.place, StoredIn::Retries(reader.id.clone()), "at work again");
    reader.bury(&[again]).await?;
    assert_eq!(found(scene, &sent).await?.place, StoredIn::DeadLetters(reader.id.clone()));
    scene.replay(&reader.id, vec![(sent.tenant.clone(), sent.id)]).await?;
    let again = reader.take_one().await?;
    assert_eq!(found(scene, &sent).await?.place, StoredIn::Retries(reader.id.clone()), "replayed");
    reader.ack(&[again]).await?;
    assert_eq!(scene.admin().event(&sent.tenant, sent.id).await?, None, "what all have finished is stored nowhere");
    Ok(())
}

pub async fn an_event_of_another_tenant_and_an_unknown_one_are_not_found<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (admin, globex) = (scene.admin(), "globex".parse()?);
    let waits = later(event_of("acme", "lead.created")?, 1_000 * H::delay());
    schedule(scene, &waits).await?;
    let [lies, dies] = [event_of("acme", "lead.created")?, event_of("acme", "lead.created")?];
    scene.publish_one(&dies).await?;
    reader.bury(&[reader.take_one().await?]).await?;
    when_gone_from_its_lane(scene, &dies).await?;
    scene.publish_one(&lies).await?;
    for sent in [&waits, &lies, &dies] {
        found(scene, sent).await?;
        assert_eq!(admin.event(&globex, sent.id).await?, None, "a tenant sees another's event");
    }
    assert_eq!(admin.event(&lies.tenant, EventId::generate()).await?, None);
    Ok(())
}
