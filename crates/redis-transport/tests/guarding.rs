//! A guarded subscription on a server that has lost its place.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{SOON, ack, connect, eventually, int, key, retry_in, settle, take};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, RawEvent, Subscription, SubscriptionId,
    transport::{Admin, Outgoing, Settled, Source, SourceSpec, Start, Transport, Verdict},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const WINDOW: Duration = Duration::from_secs(3_600);

fn guarded() -> SourceSpec {
    let mut guarded = common::spec("*");
    guarded.idempotency = Some(WINDOW);
    guarded
}

fn brief() -> SourceSpec {
    let mut brief = guarded();
    brief.lease = Duration::from_millis(500);
    brief
}

/// A server, and a replica of a guarded subscription that has finished one event.
async fn world() -> (RedisServer, RedisTransport, RedisSource) {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = transport.open(guarded()).await.unwrap();
    common::publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    (server, transport, source)
}

/// Puts something in the place of what is noted, and answers the key.
fn damage(server: &RedisServer) -> String {
    let finished = key(server, ":finished:billing/ledger");
    server.command(&["SET", &finished, "a stranger's"]).unwrap();
    finished
}

fn held(server: &RedisServer) -> usize {
    let lane = key(server, ":lane:lead.created:medium");
    server.command(&["XPENDING", &lane, "billing/ledger", "-", "+", "10"]).unwrap().items().len()
}

async fn fetch_fails(source: &RedisSource) {
    let failed = tokio::time::timeout(SOON, source.fetch(10)).await.unwrap();
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Incompatible);
}

#[tokio::test]
async fn what_is_published_again_when_its_id_is_forgotten_was_finished_all_the_same() {
    let server = RedisServer::start().unwrap();
    let mut config = common::config(&server);
    config.dedupe_window = Duration::from_secs(1);
    let transport = RedisTransport::connect(&config).await.unwrap();
    let source = transport.open(guarded()).await.unwrap();
    let sent = common::event("lead.created");
    let publish = async || transport.publish(vec![sent.clone()]).await.unwrap().remove(0).unwrap();
    assert!(!publish().await.duplicate);
    ack(&source, &take(&source, 1).await[0]).await;
    eventually("its id is forgotten", async || server.command(&["KEYS", "*:ids:*"]).unwrap().items().is_empty()).await;
    assert!(!publish().await.duplicate);
    let again = take(&source, 1).await.remove(0);
    assert_eq!((again.id, again.start), (sent.id, Start::Finished));
}

#[tokio::test]
async fn what_is_handed_out_once_more_from_the_beginning_is_not_handled_again() {
    let server = RedisServer::start().unwrap();
    let bus = EventBus::new(BusConfig::new("billing"), connect(&server).await).unwrap();
    let ledger = Subscription::matching("ledger", "*").idempotent(Duration::from_secs(3_600));
    bus.subscribe(ledger.handler(async |_: RawEvent, _| ())).await.unwrap();
    publish(&bus, 20).await;
    eventually("all are handled", async || bus.process_counters().handled == 20).await;
    let lane = key(&server, ":lane:lead.created:medium");
    server.command(&["XGROUP", "SETID", &lane, "billing/ledger", "0"]).unwrap();
    publish(&bus, 5).await;
    eventually("the others are handled", async || bus.process_counters().handled == 25).await;
    bus.shutdown().await.unwrap();
    let counters = bus.process_counters();
    // What was trimmed before does not come again.
    assert!(counters.handled == 25 && (1..=20).contains(&counters.filtered), "{counters:?}");
}

#[tokio::test]
async fn what_can_not_be_checked_is_not_taken_and_comes_when_it_can() {
    let (server, transport, source) = world().await;
    let finished = damage(&server);
    let id = common::publish(&transport, "lead.created").await;
    fetch_fails(&source).await;
    assert_eq!(held(&server), 0, "nobody would renew its lease, or hand it back");
    server.command(&["DEL", &finished]).unwrap();
    let came = take(&source, 1).await.remove(0);
    assert_eq!((came.id, came.start), (id, Start::Fresh));
    ack(&source, &came).await;
}

#[tokio::test]
async fn what_could_not_be_checked_waits_for_the_end_of_a_pause() {
    let (server, transport, source) = world().await;
    let finished = damage(&server);
    common::publish(&transport, "lead.created").await;
    fetch_fails(&source).await;
    let ledger: SubscriptionId = "billing/ledger".parse().unwrap();
    transport.admin().set_paused(&ledger, true).await.unwrap();
    eventually("the pause is heard", async || source.state().borrow().is_paused()).await;
    server.command(&["DEL", &finished]).unwrap();
    let paused = common::fetch_within(&source, 10, Duration::from_millis(300)).await.unwrap();
    assert!(paused.is_empty(), "{paused:?}");
    transport.admin().set_paused(&ledger, false).await.unwrap();
    ack(&source, &take(&source, 1).await[0]).await;
}

#[tokio::test]
async fn what_was_handed_back_or_taken_over_is_not_taken_unchecked_either() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = transport.open(brief()).await.unwrap();
    for _ in 0..2 {
        common::publish(&transport, "lead.created").await;
    }
    let [first, second] = take(&source, 2).await.try_into().unwrap();
    ack(&source, &first).await;
    let id = second.id;
    assert_eq!(settle(&source, &second, Verdict::Release).await.unwrap(), Settled::Done);
    let finished = damage(&server);
    fetch_fails(&source).await;
    server.command(&["DEL", &finished]).unwrap();
    let came = take(&source, 1).await.remove(0);
    assert_eq!((came.id, came.start), (id, Start::Fresh), "and is not known to have died of it");

    let other = transport.open(brief()).await.unwrap();
    let taken_over = take(&other, 1).await.remove(0);
    assert_eq!(taken_over.start, Start::TakenOver);
    server.command(&["SET", &finished, "a stranger's"]).unwrap();
    assert_eq!(other.start(taken_over.held).await.unwrap_err().kind(), ErrorKind::Incompatible);
    server.command(&["DEL", &finished]).unwrap();
    let started = other.start(taken_over.held).await.unwrap().unwrap();
    assert_eq!((started.id, started.start, started.held.starts), (id, Start::Fresh, 2));
    ack(&other, &started).await;
}

#[tokio::test]
async fn an_end_that_can_not_be_noted_is_no_end_and_may_be_told_again() {
    let (server, transport, source) = world().await;
    for retried in [false, true] {
        common::publish(&transport, "lead.created").await;
        let mut came = take(&source, 1).await.remove(0);
        if retried {
            assert_eq!(settle(&source, &came, retry_in(Duration::ZERO)).await.unwrap(), Settled::Done);
            came = take(&source, 1).await.remove(0);
        }
        let finished = damage(&server);
        assert_eq!(settle(&source, &came, Verdict::Ack).await.unwrap_err().kind(), ErrorKind::Incompatible);
        server.command(&["DEL", &finished]).unwrap();
        assert_eq!(settle(&source, &came, Verdict::Ack).await.unwrap(), Settled::Done, "retried: {retried}");
        assert_eq!(int(&server, &["ZCARD", &finished]), 1);
    }
}

#[tokio::test]
async fn a_lost_group_of_a_guarded_subscription_is_made_anew() {
    let (server, transport, source) = world().await;
    let lane = key(&server, ":lane:lead.created:medium");
    server.command(&["XGROUP", "DESTROY", &lane, "billing/ledger"]).unwrap();
    let id = common::publish(&transport, "lead.created").await;
    let fresh = async || loop {
        let came = take(&source, 1).await.remove(0);
        let verdict = if came.start == Start::Finished { Verdict::Skip } else { Verdict::Ack };
        assert_eq!(settle(&source, &came, verdict).await.unwrap(), Settled::Done);
        if came.start == Start::Fresh {
            return came.id;
        }
    };
    assert_eq!(fresh().await, id, "what comes before it was finished");
}

async fn publish(bus: &EventBus, count: usize) {
    let event = || {
        let event = common::event("lead.created");
        let (id, tenant) = (event.id, &event.tenant);
        let envelope = format!(
            r#"{{"id":"{id}","type":"lead.created","version":"1.0.0","tenantId":"{tenant}","timestamp":"2025-09-14T10:15:30.123Z","data":{{}}}}"#
        );
        Outgoing { bytes: envelope.into(), ..event }
    };
    for receipt in bus.publish_batch((0..count).map(|_| event())).await.unwrap() {
        receipt.unwrap();
    }
}
