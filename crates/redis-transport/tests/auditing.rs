//! Records of actions and of audited events, where the server is full, or holds something else in their place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{connect, event, key, open, publish, settle, take};
use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, EventId, TekupEvent,
    audit::{ActionKind, ActionOutcome, AdminAction, AuditKind, AuditRecord},
    letters::LetterFilter,
    transport::{Admin, DeadReason, Due, Outgoing, Transport, Verdict},
};
use tekup_redis_transport::RedisTransport;
use tekup_testkit::redis::RedisServer;

const LEDGER: &str = "billing/ledger";

#[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
#[event(audit)]
struct AccountClosed {}

fn closed() -> Outgoing {
    Outgoing::of(&AccountClosed {}.event("acme").build().unwrap()).unwrap()
}

async fn bus(server: &RedisServer) -> EventBus {
    EventBus::new(BusConfig::new("backoffice"), connect(server).await).unwrap()
}

/// What the last action was, and how it ended.
async fn last(bus: &EventBus) -> (ActionKind, Option<ActionOutcome>) {
    let page = bus.audit(Some(AuditKind::Actions), None, 1).await.unwrap();
    let AuditRecord::Action(record) = &page.records[0] else { panic!("{page:?}") };
    (record.action.kind, record.action.end.as_ref().map(|end| end.outcome))
}

async fn count(transport: &RedisTransport, kind: AuditKind) -> usize {
    transport.admin().audit(Some(kind), None, None, 1_000).await.unwrap().records.len()
}

#[tokio::test]
async fn an_action_that_can_not_be_recorded_is_not_done_and_says_so() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let dead = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    settle(&source, &take(&source, 1).await[0], dead).await.unwrap();
    let bus = bus(&server).await;
    let order = key(&server, ":lanes").replace(":lanes", ":audit:order");
    server.command(&["SET", &order, "a stranger's"]).unwrap();

    let letters = bus.dead_letters(LEDGER).unwrap();
    let refusals = [
        bus.pause(LEDGER).await.unwrap_err(),
        letters.filter(LetterFilter::all()).purge().await.unwrap_err(),
        letters.filter(LetterFilter::all()).replay().await.unwrap_err(),
    ];
    for error in refusals {
        assert_eq!(error.kind(), ErrorKind::Incompatible, "{error}");
        assert!(error.to_string().starts_with("nothing was done, for `"), "{error}");
    }
    assert!(!bus.subscription_state(LEDGER).await.unwrap().is_paused());
    assert_eq!(letters.count().await.unwrap(), 1);
    server.command(&["DEL", &order]).unwrap();
    assert!(bus.pause(LEDGER).await.unwrap());
    assert_eq!(last(&bus).await, (ActionKind::Pause, Some(ActionOutcome::Done)));
}

#[tokio::test]
async fn what_cures_a_full_server_is_done_and_recorded() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let dead = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    settle(&source, &take(&source, 1).await[0], dead).await.unwrap();
    let bus = bus(&server).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();

    assert!(bus.pause(LEDGER).await.unwrap());
    assert_eq!(last(&bus).await, (ActionKind::Pause, Some(ActionOutcome::Done)));
    assert_eq!(bus.dead_letters(LEDGER).unwrap().filter(LetterFilter::all()).purge().await.unwrap().done, 1);
    assert_eq!(last(&bus).await, (ActionKind::Purge, Some(ActionOutcome::Done)));
    // A server that is full takes no event, audited or not, and records none.
    let answers = transport.publish(vec![closed(), event("lead.created")]).await.unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Backpressure)));
    assert_eq!(count(&transport, AuditKind::Events).await, 0);
}

#[tokio::test]
async fn an_audited_event_that_can_not_be_recorded_is_refused_and_no_other_with_it() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let stream = key(&server, ":lanes").replace(":lanes", ":audit:events");
    server.command(&["SADD", &stream, "a stranger's"]).unwrap();

    for due in [None, Some(Due::After(Duration::from_secs(60)))] {
        let late = |event: Outgoing| Outgoing { due, ..event };
        let batch = vec![late(event("lead.created")), late(closed()), late(event("lead.scored")), late(closed())];
        let answers = transport.publish(batch.clone()).await.unwrap();
        let kinds: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.kind())).collect();
        assert_eq!(kinds, [None, Some(ErrorKind::Incompatible), None, Some(ErrorKind::Incompatible)]);
        let refused = transport.admin().event(&batch[1].tenant, batch[1].id).await.unwrap();
        assert_eq!(refused, None, "it is not stored");
        assert!(transport.admin().event(&batch[2].tenant, batch[2].id).await.unwrap().is_some());
    }
    take(&source, 3).await;
    server.command(&["DEL", &stream]).unwrap();
    assert!(transport.publish(vec![closed()]).await.unwrap()[0].is_ok());
    assert_eq!(count(&transport, AuditKind::Events).await, 1);
}

#[tokio::test]
async fn in_a_batch_of_many_runs_and_lanes_each_new_audited_event_is_recorded_in_its_order() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let known = closed();
    transport.publish(vec![known.clone()]).await.unwrap();
    let foreign = |mut event: Outgoing| {
        // An id without a time has a bucket of its own.
        event.id =
            EventId::from_uuid(uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid()).unwrap();
        let id = event.id;
        event.audit.iter_mut().for_each(|audited| audited.id = id);
        event
    };
    let batch = vec![
        event("lead.created"),
        closed(),
        foreign(closed()),
        known.clone(),
        foreign(event("lead.scored")),
        closed(),
        event("lead.created"),
    ];
    let expected = [known.id, batch[1].id, batch[2].id, batch[5].id];
    let answers = transport.publish(batch).await.unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let page = transport.admin().audit(Some(AuditKind::Events), None, None, 100).await.unwrap();
    let id = |record: &AuditRecord| match record {
        AuditRecord::Published(record) => Some(record.event.id),
        _ => None,
    };
    let mut ids: Vec<_> = page.records.iter().filter_map(id).collect();
    ids.reverse();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn what_strangers_wrote_into_the_records_is_left_out_and_hides_no_other() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    open(&transport, "*").await;
    transport.publish(vec![closed()]).await.unwrap();
    let action = AdminAction::new(ActionKind::Pause, "ada", "billing".parse().unwrap());
    transport.admin().record(&action).await.unwrap();
    let prefix = key(&server, ":lanes").replace("lanes", "audit:");
    server.command(&["XADD", &format!("{prefix}events"), "*", "r", "{"]).unwrap();
    server.command(&["XADD", &format!("{prefix}events"), "*", "x", "y"]).unwrap();
    server.command(&["ZADD", &format!("{prefix}order"), "0", "9999999999999-lost"]).unwrap();
    server.command(&["ZADD", &format!("{prefix}order"), "0", "no place"]).unwrap();
    assert_eq!(count(&transport, AuditKind::Events).await, 1);
    assert_eq!(count(&transport, AuditKind::Actions).await, 1);
    // In the smallest pages too, in which a stranger's place is all that there is.
    let (mut after, mut found) = (None, 0);
    loop {
        let page = transport.admin().audit(Some(AuditKind::Actions), None, after, 1).await.unwrap();
        found += page.records.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, 1);
}
