//! Who did what, and which sensitive events were published.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, EventId, EventType, RateLimit, RawEvent, Result, Schemas, TekupEvent,
    audit::{
        ActionEnd, ActionKind, ActionOutcome, ActionRecord, AdminAction, AuditKind, AuditPage, AuditRecord,
        AuditedEvent, EventRecord, MOST_RECORDS,
    },
    letters::LetterFilter,
    transport::{Admin, Cancellation, Capabilities, Due, Outgoing, Transport},
};

use tokio::task::JoinSet;

use super::{
    Harness, Scene,
    events::{event, event_of, events},
    letter_jobs::refused,
    purging::bury,
    scheduling::{later, schedule},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
#[event(audit)]
struct AccountClosed {
    reason: String,
}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct AccountSeen {}

/// A bus of an operator's process.
async fn operated<H: Harness>(scene: &Scene<H>, operator: &str) -> Result<EventBus> {
    let mut config = BusConfig::new("backoffice");
    config.operator = Some(operator.into());
    scene.bus(config).await
}

/// The actions of a page, which must hold nothing else.
fn actions(page: AuditPage) -> Result<Vec<ActionRecord>> {
    let action = |record| match record {
        AuditRecord::Action(action) => Ok(action),
        other => Err(unexpected(format!("an action was expected: {other:?}"))),
    };
    page.records.into_iter().map(action).collect()
}

/// The events of a page, which must hold nothing else.
fn audited(page: AuditPage) -> Result<Vec<EventRecord>> {
    let event = |record| match record {
        AuditRecord::Published(event) => Ok(event),
        other => Err(unexpected(format!("an event was expected: {other:?}"))),
    };
    page.records.into_iter().map(event).collect()
}

async fn all_actions(bus: &EventBus) -> Result<Vec<ActionRecord>> {
    actions(bus.audit(Some(AuditKind::Actions), None, 1_000).await?)
}

async fn all_events(bus: &EventBus) -> Result<Vec<EventRecord>> {
    audited(bus.audit(Some(AuditKind::Events), None, 1_000).await?)
}

/// What an action was, how it ended, and how much it did.
fn told(record: &ActionRecord) -> (ActionKind, Option<ActionOutcome>, Option<u64>) {
    let end = record.action.end.as_ref();
    (record.action.kind, end.map(|end| end.outcome), end.map(|end| end.count))
}

pub async fn what_operators_do_is_recorded_with_who_what_and_how_many<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let dead = events(5, "lead.created")?;
    bury(scene, &reader, &dead).await?;
    let waits = later(event("lead.created")?, Duration::from_secs(3_600));
    schedule(scene, &waits).await?;
    let bus = operated(scene, "ada@example.com").await?;
    let letters = bus.dead_letters("billing/ledger")?;

    assert!(letters.replay("acme", dead[0].id).await?);
    assert!(letters.purge("acme", dead[1].id).await?);
    let lead = LetterFilter::new().event_type("lead.*");
    assert_eq!(letters.filter(lead.clone()).purge().await?.done, 3);
    assert!(bus.pause("billing/ledger").await? && bus.resume("billing/ledger").await?);
    assert!(!bus.resume("billing/ledger").await?);
    bus.set_rate_limit("billing/ledger", Some(RateLimit::per_second(10))).await?;
    bus.set_rate_limit("billing/ledger", None).await?;
    assert_eq!(bus.cancel("acme", waits.id).await?, Cancellation::Cancelled);
    scene.ledger.replayed(&reader.id, 1);
    scene.ledger.purged(&reader.id, 4);
    reader.finish(1, 1).await?;
    reader.close().await?;
    bus.removal("billing/ledger").await?.confirm("billing/ledger").await?;
    scene.ledger.removed(&reader.id);

    let mut records = all_actions(&bus).await?;
    records.reverse();
    let done = |kind, count| (kind, Some(ActionOutcome::Done), Some(count));
    let expected = [
        done(ActionKind::Replay, 1),
        done(ActionKind::Purge, 1),
        done(ActionKind::Purge, 3),
        done(ActionKind::Pause, 1),
        done(ActionKind::Resume, 1),
        done(ActionKind::Resume, 0),
        done(ActionKind::SetRateLimit, 1),
        done(ActionKind::SetRateLimit, 1),
        done(ActionKind::Cancel, 1),
        done(ActionKind::Remove, 0),
    ];
    assert_eq!(records.iter().map(told).collect::<Vec<_>>(), expected);
    for record in &records {
        let action = &record.action;
        assert_eq!((action.operator.as_str(), action.service.as_str()), ("ada@example.com", "backoffice"));
        assert!(record.ended.is_some_and(|ended| ended >= record.began), "{record:?}");
        let is_cancelled = action.kind == ActionKind::Cancel;
        assert_eq!(action.subscription.as_ref(), Some(&reader.id).filter(|_| !is_cancelled), "{action:?}");
    }
    let of_one: Vec<_> = records.iter().map(|record| record.action.event).collect();
    assert_eq!((of_one[0], of_one[1], of_one[8]), (Some(dead[0].id), Some(dead[1].id), Some(waits.id)));
    assert_eq!(records[8].action.tenant, Some(waits.tenant));
    assert_eq!(records[2].action.detail, Some(lead.to_string()));
    let limits: Vec<_> = records[6..8].iter().map(|record| record.action.detail.clone().unwrap_or_default()).collect();
    assert_eq!(limits, [RateLimit::per_second(10).to_string(), "none".into()]);
    Ok(())
}

pub async fn an_action_has_one_record_that_is_completed_by_its_end<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(3, "lead.created")?).await?;
    let mut config = BusConfig::new("backoffice");
    config.operator = None;
    let bus = scene.bus(config).await?;
    let mut job = bus.dead_letters("billing/ledger")?.filter(LetterFilter::all()).replay().start().await?;
    let [running] = all_actions(&bus).await?.try_into().map_err(|_| unexpected("one record was expected"))?;
    assert_eq!(told(&running), (ActionKind::Replay, None, None));
    assert_eq!((running.ended, running.action.operator.as_str()), (None, "backoffice"));
    scene.harness.advance(Duration::from_millis(5)).await;
    bus.pause("billing/ledger").await?;
    while job.next().await?.is_some() {}
    scene.ledger.replayed(&reader.id, 3);

    let [pause, replay] = all_actions(&bus).await?.try_into().map_err(|_| unexpected("two records were expected"))?;
    assert_eq!(pause.action.kind, ActionKind::Pause);
    assert_eq!(told(&replay), (ActionKind::Replay, Some(ActionOutcome::Done), Some(3)));
    assert_eq!((&replay.action.id, replay.began), (&running.action.id, running.began), "it stays where it was");
    // Who is dropped while its end is on the way may tell another one.
    let mut late = replay.action.clone();
    late.end = Some(ActionEnd::new(ActionOutcome::Stopped, 1));
    scene.transport.admin().record(&late).await?;
    let records = all_actions(&bus).await?;
    assert_eq!(records.len(), 2);
    assert_eq!(records[1], replay, "the first end stays");
    bus.resume("billing/ledger").await?;
    reader.finish(3, 3).await.map(drop)
}

pub async fn what_is_refused_or_stopped_says_so<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(3, "lead.created")?).await?;
    let bus = operated(scene, "ada").await?;
    let letters = bus.dead_letters("billing/ledger")?;
    refused(bus.pause("billing/nobody").await, ErrorKind::NotFound, "a pause")?;
    let removal = bus.removal("billing/ledger").await?;
    refused(removal.confirm("billing/ledger").await, ErrorKind::Conflict, "a removal")?;
    let job = letters.filter(LetterFilter::all()).purge().per_second(1.0).start().await?;
    refused(letters.filter(LetterFilter::all()).replay().await, ErrorKind::Conflict, "a second job")?;
    assert_eq!(job.stop().await?.done, 0);
    refused(letters.edit_json("acme", EventId::generate(), "{}")?.await, ErrorKind::NotFound, "an edit")?;
    assert!(!letters.purge("acme", EventId::generate()).await?);

    let mut records = all_actions(&bus).await?;
    records.reverse();
    let ended = |kind, outcome| (kind, Some(outcome), Some(0));
    let expected = [
        ended(ActionKind::Pause, ActionOutcome::Refused),
        ended(ActionKind::Remove, ActionOutcome::Refused),
        ended(ActionKind::Purge, ActionOutcome::Stopped),
        ended(ActionKind::Replay, ActionOutcome::Refused),
        ended(ActionKind::Edit, ActionOutcome::Refused),
        ended(ActionKind::Purge, ActionOutcome::Done),
    ];
    assert_eq!(records.iter().map(told).collect::<Vec<_>>(), expected);
    for record in &records {
        let end = record.action.end.as_ref().ok_or_else(|| unexpected("it has ended"))?;
        assert_eq!(end.error.is_some(), end.outcome == ActionOutcome::Refused, "{end:?}");
    }
    Ok(())
}

pub async fn an_audited_event_leaves_its_envelope_and_none_of_its_data<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = operated(scene, "ada").await?;
    let seen = AccountSeen {}.event("acme").build()?;
    bus.publish(&seen).await?;
    let closed = AccountClosed { reason: "a secret".into() }.event("acme").user("user-456").caused_by(&seen.envelope);
    let closed = closed.metadata("note", "another secret").build()?;
    bus.publish(&closed).await?;
    bus.publish(closed.to_raw()?).await?; // a duplicate, and of no type besides

    let [record] = all_events(&bus).await?.try_into().map_err(|_| unexpected("one record was expected"))?;
    let (event, envelope) = (&record.event, &closed.envelope);
    assert_eq!((event.id, &event.event_type, &event.version), (envelope.id, &envelope.event_type, &envelope.version));
    assert_eq!((&event.tenant, &event.user, event.timestamp), (&envelope.tenant, &envelope.user, envelope.timestamp));
    assert_eq!(event.correlation_id, Some(envelope.correlation_id()));
    assert_eq!((event.cause, event.service.as_ref()), (Some(seen.envelope.id), Some(bus.service())));
    let json = serde_json::to_string(&record).map_err(|cause| unexpected(cause.to_string()))?;
    assert!(!json.contains("secret"), "{json}");
    assert!((record.at.unix_millis() - event.timestamp.unix_millis()).abs() < 60_000, "{record:?}");
    Ok(())
}

pub async fn an_audited_event_is_recorded_once_and_when_it_is_accepted<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = operated(scene, "ada").await?;
    let closed = |tenant: &str| AccountClosed { reason: "private".into() }.event(tenant.to_owned());
    let first = closed("acme").build()?;
    let delayed = closed("acme").id(EventId::generate()).delay(Duration::from_secs(3_600));
    let id = bus.publish(delayed).await?.id;
    let again = closed("acme").id(id).delay(Duration::from_secs(7_200));
    assert!(bus.publish(again).await?.duplicate || !scene.can().dedupe);
    let mixed = vec![Outgoing::of(&first)?, event("lead.created")?, Outgoing::of(&first)?, event("lead.created")?];
    let answers = bus.publish_batch(mixed).await?;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    if scene.can().dedupe {
        let ids: Vec<_> = all_events(&bus).await?.iter().map(|record| record.event.id).collect();
        assert_eq!(ids, [first.envelope.id, id]);
    }
    // Cancelled or not, it was published.
    assert_eq!(bus.cancel("acme", id).await?, Cancellation::Cancelled);
    assert_eq!(all_events(&bus).await?.last().map(|record| record.event.id), Some(id));
    Ok(())
}

/// What a bus knows of the types of its untyped events.
struct Known;

impl Schemas for Known {
    fn check(&self, _: &RawEvent) -> Result<()> {
        Ok(())
    }

    fn audits(&self, event_type: &EventType) -> bool {
        event_type.as_str() == AccountClosed::TYPE
    }
}

pub async fn an_untyped_event_is_recorded_where_the_bus_knows_its_type<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (knowing, ignorant) = (operated(scene, "ada").await?, operated(scene, "ada").await?);
    knowing.use_schemas(Known)?;
    let raw = |reason: &str| AccountClosed { reason: reason.into() }.event("acme").user("user-456").build()?.to_raw();
    let (plain, later) = (raw("private")?, raw("private")?);
    knowing.publish(&plain).await?;
    assert!(knowing.publish(&plain).await?.duplicate, "a duplicate leaves no second record");
    let due = Some(Due::After(Duration::from_secs(3_600)));
    knowing.publish(Outgoing { due, ..Outgoing::raw(&later) }).await?;
    knowing.publish(AccountSeen {}.event("acme").build()?.to_raw()?).await?;
    ignorant.publish(raw("private")?).await?;
    let mut said = Outgoing::raw(&raw("private")?);
    said.audit = Some(Box::new(AuditedEvent::of(plain.envelope())));
    ignorant.publish(said).await?;
    let records = all_events(&knowing).await?;
    let ids: Vec<_> = records.iter().map(|record| record.event.id).collect();
    assert_eq!(ids, [plain.envelope().id, later.envelope().id, plain.envelope().id]);
    let expected = AuditedEvent::of(plain.envelope());
    assert_eq!((&records[2].event.user, &records[2].event.correlation_id), (&expected.user, &expected.correlation_id));
    assert_eq!(records[2].event.service.as_ref(), Some(knowing.service()));
    assert!(!serde_json::to_string(&records).unwrap_or_default().contains("private"));
    knowing.cancel("acme", later.envelope().id).await.map(drop)
}

pub async fn records_come_in_pages_the_newest_first<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["*"]).await?;
    let bus = operated(scene, "ada").await?;
    let mut expected = Vec::new();
    for round in 0..12 {
        // Some in one millisecond, some not.
        scene.harness.advance(Duration::from_millis(round % 2)).await;
        for tenant in ["acme", "globex", "initech"] {
            let closed = AccountClosed { reason: "private".into() }.event(tenant);
            expected.push(bus.publish(closed).await?.id.to_string());
        }
        bus.pause("billing/ledger").await?;
    }
    let name = |record: &AuditRecord| match record {
        AuditRecord::Action(record) => record.action.id.clone(),
        AuditRecord::Published(record) => record.event.id.to_string(),
        _ => String::new(),
    };
    let whole = bus.audit(None, None, 1_000).await?;
    assert_eq!((whole.records.len(), &whole.next), (48, &None));
    assert!(whole.records.is_sorted_by(|a, b| a.at() >= b.at()), "the newest comes first");
    let whole: Vec<_> = whole.records.iter().map(name).collect();
    assert!(expected.iter().all(|id| whole.contains(id)), "every event is told of");
    for most in [1, 7, 47] {
        let (mut after, mut names) = (None, Vec::new());
        loop {
            let page = bus.audit(None, after, most).await?;
            assert!(page.records.len() <= most);
            names.extend(page.records.iter().map(name));
            // What comes meanwhile is newer than all pages to come.
            bus.publish(AccountClosed { reason: "private".into() }.event("acme")).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        names.drain(..names.len().saturating_sub(whole.len()));
        assert_eq!(names, whole, "{most} a page");
    }
    assert_eq!(all_actions(&bus).await?.len(), 12);
    Ok(())
}

pub async fn a_tenant_is_told_of_what_can_reach_its_own_events_only<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (mine, theirs) = (event_of("acme", "lead.created")?, event_of("globex", "lead.created")?);
    bury(scene, &reader, &[mine.clone(), theirs.clone()]).await?;
    let bus = operated(scene, "ada").await?;
    let (acme, globex) = (bus.tenant("acme")?, bus.tenant("globex")?);
    acme.publish(AccountClosed { reason: "mine".into() }).await?;
    globex.publish(AccountClosed { reason: "theirs".into() }).await?;
    bus.pause("billing/ledger").await?;
    assert!(bus.dead_letters("billing/ledger")?.purge("acme", mine.id).await?);
    let all = LetterFilter::all();
    assert_eq!(globex.dead_letters("billing/ledger")?.filter(all).purge().await?.done, 1);
    bus.dead_letters("billing/ledger")?.filter(LetterFilter::new().tenant("acme")).replay().await?;
    scene.ledger.purged(&reader.id, 2);

    for (handle, kinds) in [(&acme, vec![ActionKind::Replay, ActionKind::Purge]), (&globex, vec![ActionKind::Purge])] {
        let records = actions(handle.audit(Some(AuditKind::Actions), None, 100).await?)?;
        assert_eq!(records.iter().map(|record| record.action.kind).collect::<Vec<_>>(), kinds, "{}", handle.tenant());
        let events = audited(handle.audit(Some(AuditKind::Events), None, 100).await?)?;
        assert_eq!(events.iter().map(|record| &record.event.tenant).collect::<Vec<_>>(), [handle.tenant()]);
        let both = handle.audit(None, None, 100).await?;
        assert_eq!(both.records.len(), kinds.len() + 1);
        assert!(both.records.iter().all(|record| record.tenant() == Some(handle.tenant())));
    }
    assert_eq!((all_actions(&bus).await?.len(), all_events(&bus).await?.len()), (4, 2));
    bus.resume("billing/ledger").await.map(drop)
}

/// A store may keep some records more than it must.
const SLACK: usize = 1_000;

pub async fn a_flood_of_events_pushes_out_no_action_and_of_both_the_oldest_go<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (bus, admin) = (operated(scene, "ada").await?, Arc::new(scene.admin()));
    let action = |number: usize| AdminAction::new(ActionKind::Pause, format!("ada-{number}"), bus.service().clone());
    admin.record(&action(0)).await?;
    let flood = MOST_RECORDS + 2 * SLACK;
    for part in (0..flood).collect::<Vec<_>>().chunks(1_000) {
        let events = part.iter().map(|_| AccountClosed { reason: "private".into() }.event("acme"));
        bus.publish_batch(events).await?;
    }
    let kept = count(&bus, AuditKind::Events).await?;
    assert!((MOST_RECORDS..MOST_RECORDS + SLACK).contains(&kept), "{kept} of {flood} events are kept");
    assert_eq!(all_actions(&bus).await?[0].action.operator, "ada-0", "the flood pushed it out");

    for part in (1..=MOST_RECORDS).collect::<Vec<_>>().chunks(500) {
        let mut recording = JoinSet::new();
        for number in part {
            let (admin, action) = (Arc::clone(&admin), action(*number));
            recording.spawn(async move { admin.record(&action).await });
        }
        recording.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    }
    let kept = count(&bus, AuditKind::Actions).await?;
    assert_eq!(kept, MOST_RECORDS);
    let (mut after, mut oldest) = (None, None);
    loop {
        let page = bus.audit(Some(AuditKind::Actions), after, 1_000).await?;
        after = page.next.clone();
        oldest = actions(page)?.pop().or(oldest);
        if after.is_none() {
            break;
        }
    }
    assert_ne!(oldest.map(|record| record.action.operator).as_deref(), Some("ada-0"), "the oldest goes");
    Ok(())
}

async fn count(bus: &EventBus, kind: AuditKind) -> Result<usize> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = bus.audit(Some(kind), after, 1_000).await?;
        count += page.records.len();
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

pub async fn a_page_of_records_that_can_not_be_meant_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = operated(scene, "ada").await?;
    for most in [0, 1_001] {
        refused(bus.audit(None, None, most).await, ErrorKind::InvalidInput, "a page of that size")?;
    }
    for cursor in ["", "x", "-1", "no\nplace", "1.2.3.x"] {
        refused(bus.audit(None, Some(cursor.into()), 10).await, ErrorKind::InvalidInput, cursor)?;
    }
    Ok(())
}
