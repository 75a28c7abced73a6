//! What a process tells the others of what it counted, when something comes in between.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::connect;
use serde::{Deserialize, Serialize};
use tekup_core::{BusConfig, EventBus, RawEvent, Subscription, TekupEvent};
use tekup_testkit::redis::RedisServer;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadCreated {}

async fn bus(server: &RedisServer) -> EventBus {
    EventBus::new(BusConfig::new("billing"), connect(server).await).unwrap()
}

#[tokio::test]
async fn what_is_on_its_way_when_its_caller_goes_is_counted_once() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    for round in 1..=3 {
        bus.publish(LeadCreated {}.event("acme")).await.unwrap();
        server.freeze().unwrap();
        let asked = tokio::time::timeout(Duration::from_millis(100), bus.counters()).await;
        server.thaw().unwrap();
        assert!(asked.is_err(), "a frozen server has answered");
        assert_eq!(bus.counters().await.unwrap().published, round);
    }
}

#[tokio::test]
async fn latencies_that_come_to_a_store_that_lost_everything_are_told_when_the_subscription_is_made_anew() {
    let server = RedisServer::start().unwrap();
    let bus = bus(&server).await;
    let ledger = Subscription::matching("ledger", "*");
    bus.subscribe(ledger.handler(async |_: RawEvent, _| ())).await.unwrap();
    bus.publish(LeadCreated {}.event("acme")).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_in_time = || assert!(Instant::now() < deadline);
    while bus.process_latencies("billing/ledger").unwrap().all().is_empty() {
        is_in_time();
        tokio::task::yield_now().await;
    }
    server.command(&["FLUSHALL"]).unwrap();
    let latencies = loop {
        is_in_time();
        match bus.latencies("billing/ledger").await {
            Ok(latencies) => break latencies,
            Err(_lost) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    // Where it is in time, the next look tells what the first could not.
    let latencies = if latencies.all().is_empty() { bus.latencies("billing/ledger").await.unwrap() } else { latencies };
    assert_eq!(latencies.all().handling.count(), 1);
    bus.shutdown().await.unwrap();
}
