//! What a bus says of who did what.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Error, ErrorKind, EventBus, EventType, Outcome, RawEvent, Result, SchemaCheck, Schemas, Subscription,
    TekupEvent,
    audit::{ActionKind, ActionOutcome, ActionRecord, AuditKind, AuditRecord, AuditedEvent},
    letters::LetterFilter,
    memory::MemoryTransport,
    transport::Outgoing,
};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit)]
struct AccountClosed {
    reason: String,
}

fn closed() -> AccountClosed {
    AccountClosed { reason: "moved".into() }
}

async fn actions(bus: &EventBus) -> Vec<ActionRecord> {
    let page = bus.audit(Some(AuditKind::Actions), None, 100).await.unwrap();
    let action = |record| match record {
        AuditRecord::Action(action) => action,
        other => panic!("an action was expected: {other:?}"),
    };
    page.records.into_iter().map(action).collect()
}

/// A bus with so many dead letters of `accounts/mailing`.
async fn with_letters(count: u64) -> EventBus {
    let bus = EventBus::in_memory("accounts").unwrap();
    let mailing = Subscription::to::<AccountClosed>("mailing").handler(async |_, _| Outcome::dead_letter("no address"));
    bus.subscribe(mailing).await.unwrap();
    for _ in 0..count {
        bus.publish(closed().event("acme")).await.unwrap();
    }
    let dead = bus.dead_letters("accounts/mailing").unwrap();
    while dead.count().await.unwrap() < count {
        tokio::task::yield_now().await;
    }
    bus
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_dropped_says_how_far_it_came() {
    let bus = with_letters(3).await;
    let letters = bus.dead_letters("accounts/mailing").unwrap();
    let mut job = letters.filter(LetterFilter::all()).purge().per_second(1.0).start().await.unwrap();
    while job.next().await.unwrap().unwrap().done == 0 {}
    drop(job);
    let mut end = None;
    while end.is_none() {
        tokio::task::yield_now().await;
        end = actions(&bus).await.remove(0).action.end;
    }
    let end = end.unwrap();
    assert_eq!((end.outcome, end.count), (ActionOutcome::Stopped, 1));
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_one_action_though_it_purges() {
    let bus = with_letters(1).await;
    let letters = bus.dead_letters("accounts/mailing").unwrap();
    let dead = letters.list(None, 1).await.unwrap().letters.remove(0);
    let edited = letters.edit("acme", dead.id, closed()).unwrap().purge().await.unwrap();
    let [record] = actions(&bus).await.try_into().unwrap();
    let action = record.action;
    assert_eq!((action.kind, action.event, action.tenant.unwrap().as_str()), (ActionKind::Edit, Some(dead.id), "acme"));
    let told = format!("new event {}, the dead one is purged", edited.receipt.id);
    assert_eq!((action.detail, action.end.unwrap().count), (Some(told), 1));
}

struct Accounts;

impl Schemas for Accounts {
    fn check(&self, event: &RawEvent) -> Result<()> {
        let has_reason = event.json().contains("reason");
        has_reason.then_some(()).ok_or_else(|| Error::new(ErrorKind::Invalid, "`data.reason` is missing: give it"))
    }

    fn audits(&self, event_type: &EventType) -> bool {
        event_type.as_str() == AccountClosed::TYPE
    }
}

async fn records(bus: &EventBus) -> Vec<AuditedEvent> {
    let page = bus.audit(Some(AuditKind::Events), None, 100).await.unwrap();
    let event = |record| match record {
        AuditRecord::Published(record) => record.event,
        other => panic!("an event was expected: {other:?}"),
    };
    page.records.into_iter().map(event).collect()
}

#[tokio::test]
async fn what_is_published_untyped_is_recorded_where_the_bus_knows_its_type_whatever_becomes_of_its_schema() {
    for (mode, recorded) in [(SchemaCheck::Off, 3), (SchemaCheck::Warn, 3), (SchemaCheck::Enforce, 2)] {
        let mut config = BusConfig::new("accounts");
        config.schema_check = mode;
        let bus = EventBus::new(config, MemoryTransport::new()).unwrap();
        let raw = || closed().event("acme").build().unwrap().to_raw().unwrap();
        bus.publish(raw()).await.unwrap();
        assert!(records(&bus).await.is_empty(), "nobody has said so");
        bus.use_schemas(Accounts).unwrap();
        bus.publish(raw()).await.unwrap();
        let (tenant, account_closed) = ("globex".parse().unwrap(), "account.closed".parse().unwrap());
        let kept = Outgoing::unchecked(tenant, account_closed, raw().bytes().clone());
        bus.publish(kept.clone()).await.unwrap();
        // What it is stored as counts, and not what its bytes say.
        let told = records(&bus).await;
        assert!(told.iter().any(|one| one.id == kept.id && one.tenant == kept.tenant), "{told:?}");
        let wrong = String::from_utf8(raw().bytes().to_vec()).unwrap().replace("\"reason\"", "\"cause\"");
        let _refused_if_enforced = bus.publish(RawEvent::parse(wrong).unwrap()).await;
        bus.publish(Outgoing::unchecked("acme".parse().unwrap(), "account.closed".parse().unwrap(), "{"))
            .await
            .unwrap();
        assert_eq!(records(&bus).await.len(), recorded, "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_by_json_is_recorded_where_the_bus_knows_its_type() {
    let bus = with_letters(1).await;
    bus.use_schemas(Accounts).unwrap();
    let letters = bus.dead_letters("accounts/mailing").unwrap();
    let dead = letters.list(None, 1).await.unwrap().letters.remove(0);
    let edited = letters.edit_json("acme", dead.id, r#"{"reason":"mended"}"#).unwrap().await.unwrap();
    assert_eq!(records(&bus).await[0].id, edited.receipt.id);
}

#[tokio::test]
async fn a_batch_leaves_a_record_for_each_of_its_events() {
    let bus = EventBus::in_memory("accounts").unwrap();
    bus.publish_batch([closed().event("acme"), closed().event("acme")]).await.unwrap();
    assert_eq!(records(&bus).await.len(), 2);
}

#[tokio::test]
async fn a_record_says_which_operator_acts_through_which_service() {
    let mut config = BusConfig::new("backoffice");
    config.operator = Some("Ada Lovelace".into());
    let bus = EventBus::new(config.clone(), MemoryTransport::new()).unwrap();
    bus.pause("accounts/mailing").await.unwrap_err();
    let [record] = actions(&bus).await.try_into().unwrap();
    assert_eq!((record.action.operator.as_str(), record.action.service.as_str()), ("Ada Lovelace", "backoffice"));
    config.operator = Some("no\nbody".into());
    let error = EventBus::new(config, MemoryTransport::new()).unwrap_err();
    assert!(error.to_string().contains("operator `no\\nbody` holds '\\n'"), "{error}");
}

#[tokio::test]
async fn what_is_refused_before_the_store_is_asked_leaves_no_record() {
    let bus = with_letters(1).await;
    let id = bus.dead_letters("accounts/mailing").unwrap().list(None, 1).await.unwrap().letters[0].id;
    let globex = bus.tenant("globex").unwrap().dead_letters("accounts/mailing").unwrap();
    globex.purge("acme", id).await.unwrap_err();
    bus.pause("no subscription").await.unwrap_err();
    bus.dead_letters("accounts/mailing").unwrap().filter(LetterFilter::new()).purge().await.unwrap_err();
    bus.cancel("no tenant", id).await.unwrap_err();
    assert!(actions(&bus).await.is_empty());
}
