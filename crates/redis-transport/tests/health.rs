//! A bus whose server is out of reach, and comes back.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{connect, key};
use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, HealthThresholds, RawEvent, Subscription, TekupEvent,
    health::{Health, Level, Part, Reason},
    transport::Stage,
};
use tekup_testkit::redis::{Fsync, RedisServer};

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadCreated {}

/// Long enough for a busy machine, and the longest pause before a new connection.
const RECOVERY: Duration = Duration::from_secs(30);

fn thresholds() -> HealthThresholds {
    let mut thresholds = HealthThresholds::default();
    thresholds.slow = thresholds.patience;
    thresholds
}

async fn bus(server: &RedisServer) -> EventBus {
    EventBus::new(BusConfig::new("billing"), connect(server).await).unwrap()
}

async fn until_healthy(bus: &EventBus) {
    until(bus, &thresholds(), Health::is_healthy).await;
}

/// Whoever fails twice in a row is said to get nothing done.
fn impatient() -> HealthThresholds {
    let mut thresholds = thresholds();
    thresholds.stalled = Duration::from_millis(200);
    thresholds
}

/// Asks until it is so.
async fn until(bus: &EventBus, thresholds: &HealthThresholds, is_so: impl Fn(&Health) -> bool) -> Health {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let health = bus.health_by(thresholds).await.unwrap();
        if is_so(&health) {
            return health;
        }
        assert!(Instant::now() < deadline, "{health:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_mended(bus: &EventBus) -> Reason {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let health = bus.health_by(&thresholds()).await.unwrap();
        let mended = health.reasons.iter().find(|reason| matches!(reason, Reason::PlaceMended { .. })).cloned();
        if let Some(mended) = mended {
            return mended;
        }
        assert!(Instant::now() < deadline, "{health:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// It is said in time that the server is out of reach.
async fn is_unhealthy(bus: &EventBus) {
    let begun = Instant::now();
    let health = bus.health_by(&thresholds()).await.unwrap();
    assert!(begun.elapsed() < thresholds().patience + Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(health.level, Level::Unhealthy, "{health:?}");
    assert!(matches!(health.reasons[0], Reason::StoreUnreachable { .. }), "{health:?}");
}

#[tokio::test]
async fn a_frozen_server_is_told_in_time_and_health_comes_back_with_it() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    bus.subscribe(Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    until_healthy(&bus).await;
    server.freeze().unwrap();
    is_unhealthy(&bus).await;
    server.thaw().unwrap();
    until_healthy(&bus).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_answers_slowly_is_told_with_its_latency_and_only_while_it_does() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    until_healthy(&bus).await;
    let mut thresholds = HealthThresholds::default();
    (thresholds.patience, thresholds.slow) = (RECOVERY, Duration::from_millis(200));
    server.command(&["CLIENT", "PAUSE", "1500", "ALL"]).unwrap();
    let begun = Instant::now();
    let health = bus.health_by(&thresholds).await.unwrap();
    let [Reason::StoreSlow { latency_ms }] = health.reasons[..] else { unreachable!("{health:?}") };
    let took = begun.elapsed().as_millis();
    assert!((201..=took).contains(&u128::from(latency_ms)), "{latency_ms} of {took} ms");
    assert_eq!(health.level, Level::Degraded);
    until(&bus, &thresholds, Health::is_healthy).await;
}

#[tokio::test]
async fn a_killed_server_is_told_in_time_and_health_comes_back_with_it() {
    let mut server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    until_healthy(&bus).await;
    server.kill().unwrap();
    is_unhealthy(&bus).await;
    server.restart().unwrap();
    until_healthy(&bus).await;
}

#[tokio::test]
async fn a_place_that_was_lost_and_made_anew_is_told_once() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let ledger = Subscription::matching("ledger", "*");
    bus.subscribe(ledger.handler_with(told, async |told, _: RawEvent, _| _ = told.send(()))).await.unwrap();
    bus.publish(LeadCreated {}.event("acme")).await.unwrap();
    heard.recv().await.unwrap();
    until_healthy(&bus).await;
    server.command(&["XGROUP", "DESTROY", &key(&server, ":lane:lead.created:medium"), "billing/ledger"]).unwrap();
    let mended = until_mended(&bus).await;
    let Reason::PlaceMended { subscription, times, detail } = &mended else { unreachable!() };
    assert_eq!((subscription.to_string().as_str(), *times), ("billing/ledger", 1));
    assert!(detail.contains("lead.created:medium") && mended.level() == Level::Degraded, "{mended}");
    until_healthy(&bus).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_scheduler_that_is_refused_is_told_until_it_publishes_again() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    bus.publish(LeadCreated {}.event("acme").delay(Duration::from_secs(3_600))).await.unwrap();
    until_healthy(&bus).await;
    let due = key(&server, ":later");
    server.command(&["RENAME", &due, "aside"]).unwrap();
    server.command(&["SET", &due, "a stranger's"]).unwrap();
    let is_told = |reason: &Reason| matches!(reason, Reason::TransportStalled { part: Part::Scheduler, .. });
    let health = until(&bus, &impatient(), |health| health.reasons.iter().any(is_told)).await;
    assert_eq!(health.level, Level::Degraded, "{health:?}");
    server.command(&["RENAME", "aside", &due]).unwrap();
    until(&bus, &impatient(), Health::is_healthy).await;
}

#[tokio::test]
async fn a_mover_and_a_watcher_that_are_refused_are_told_until_they_get_on() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    bus.subscribe(Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    bus.publish(LeadCreated {}.event("acme")).await.unwrap();
    until_healthy(&bus).await;
    let lane = key(&server, ":lane:lead.created:medium");
    let own = |kind: &str| lane.replace("lane:lead.created:medium", &format!("{kind}:billing/ledger"));
    for (part, kind) in [(Part::Mover, "due"), (Part::Watcher, "state")] {
        server.command(&["SET", &own(kind), "a stranger's"]).unwrap();
        let is_told = |reason: &Reason| matches!(reason, Reason::Stalled { part: stalled, .. } if *stalled == part);
        let health = until(&bus, &impatient(), |health| health.reasons.iter().any(is_told)).await;
        assert_eq!(health.level, Level::Degraded, "{health:?}");
        server.command(&["DEL", &own(kind)]).unwrap();
        until(&bus, &impatient(), Health::is_healthy).await;
    }
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_wait_for_an_event_ends_in_time_though_the_server_is_frozen() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    let id = bus.publish(LeadCreated {}.event("acme").delay(Duration::from_secs(3_600))).await.unwrap().id;
    server.freeze().unwrap();
    let (begun, patience) = (Instant::now(), Duration::from_millis(300));
    let error = bus.wait_for("acme", id, patience).await.unwrap_err();
    assert!(begun.elapsed() < patience + Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&format!("`{id}` in the 300ms")), "{error}");
    server.thaw().unwrap();
    assert_eq!(bus.wait_for("acme", id, patience).await.unwrap().stage, Stage::Scheduled);
}

#[tokio::test]
async fn a_wait_for_an_event_outlasts_a_server_that_is_killed_and_comes_back() {
    let mut server = RedisServer::builder().append_only(Fsync::Always).start().unwrap();
    let bus = bus(&server).await;
    let ledger = || Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ());
    bus.subscribe(ledger()).await.unwrap().unsubscribe().await.unwrap();
    let id = bus.publish(LeadCreated {}.event("acme")).await.unwrap().id;
    server.kill().unwrap();
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.wait_for("acme", id, RECOVERY).await }
    });
    is_unhealthy(&bus).await;
    assert!(!waiting.is_finished());
    server.restart().unwrap();
    until_healthy(&bus).await;
    bus.subscribe(ledger()).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().stage, Stage::Completed);
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_place_that_whoever_trims_made_anew_while_the_subscription_was_paused_is_told_once() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let ledger = Subscription::matching("ledger", "*");
    let ledger = ledger.handler_with(told, async |told, _: RawEvent, _| _ = told.send(()));
    let running = bus.subscribe(ledger).await.unwrap();
    bus.publish(LeadCreated {}.event("acme")).await.unwrap();
    heard.recv().await.unwrap();
    assert!(bus.pause("billing/ledger").await.unwrap());
    let deadline = Instant::now() + RECOVERY;
    while !running.state().is_paused() {
        assert!(Instant::now() < deadline, "the pause is not heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until_healthy(&bus).await;
    let lane = key(&server, ":lane:lead.created:medium");
    server.command(&["XGROUP", "DESTROY", &lane, "billing/ledger"]).unwrap();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move {
            loop {
                bus.publish(LeadCreated {}.event("acme")).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let Reason::PlaceMended { subscription, times, .. } = until_mended(&bus).await else { unreachable!() };
    publishing.abort();
    assert_eq!((subscription.to_string().as_str(), times), ("billing/ledger", 1));
    assert_eq!(running.losses().count, 1);
    assert!(bus.resume("billing/ledger").await.unwrap());
    heard.recv().await.unwrap();
    until_healthy(&bus).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_past_its_time_and_can_not_be_published_is_overdue() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let ledger = Subscription::matching("ledger", "*");
    bus.subscribe(ledger.handler_with(told, async |told, _: RawEvent, _| _ = told.send(()))).await.unwrap();
    let partition = key(&server, ":lanes").replace(":lanes", "");
    let lane = format!("{partition}:lane:lead.created:medium");
    server.command(&["SET", &lane, "no stream"]).unwrap();
    let mut thresholds = thresholds();
    thresholds.age = Duration::from_millis(500);
    let sent = bus.publish(LeadCreated {}.event("acme").delay(Duration::from_millis(50))).await.unwrap();
    let deadline = Instant::now() + RECOVERY;
    let health = loop {
        let health = bus.health_by(&thresholds).await.unwrap();
        if !health.is_healthy() {
            break health;
        }
        assert!(Instant::now() < deadline, "it is put off, and nobody says so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let [Reason::Overdue { subscription, oldest_ms }] = &health.reasons[..] else { unreachable!("{health:?}") };
    assert!(subscription.to_string() == "billing/ledger" && *oldest_ms > 500, "{health:?}");

    server.command(&["DEL", &lane]).unwrap();
    let member = [&sent.id.as_uuid().as_bytes()[..], b"acme"].concat();
    server.command(&[b"ZADD", format!("{partition}:later").as_bytes(), b"XX", b"1", &member]).unwrap();
    server.command(&["SPUBLISH", &format!("{partition}:bell"), "due"]).unwrap();
    heard.recv().await.unwrap();
    assert_eq!(common::int(&server, &["EXISTS", &format!("{partition}:later:events")]), 0, "nothing is left of it");
    bus.shutdown().await.unwrap();
}
