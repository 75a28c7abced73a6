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
