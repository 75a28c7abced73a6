//! A bus whose server is out of reach, and comes back.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{connect, key};
use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, EventBus, HealthThresholds, RawEvent, Subscription, TekupEvent,
    health::{Level, Reason},
};
use tekup_testkit::redis::RedisServer;

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
    let deadline = Instant::now() + RECOVERY;
    loop {
        let health = bus.health_by(&thresholds()).await.unwrap();
        if health.is_healthy() {
            return;
        }
        assert!(Instant::now() < deadline, "{health:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
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
    let deadline = Instant::now() + RECOVERY;
    let mended = loop {
        let health = bus.health_by(&thresholds()).await.unwrap();
        let mended = health.reasons.iter().find(|reason| matches!(reason, Reason::PlaceMended { .. })).cloned();
        if let Some(mended) = mended {
            break mended;
        }
        assert!(Instant::now() < deadline, "{health:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let Reason::PlaceMended { subscription, times, detail } = &mended else { unreachable!() };
    assert_eq!((subscription.to_string().as_str(), *times), ("billing/ledger", 1));
    assert!(detail.contains("lead.created:medium") && mended.level() == Level::Degraded, "{mended}");
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
