//! A guarded subscription on a server that has lost its place.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{connect, eventually, key};
use tekup_core::{BusConfig, EventBus, RawEvent, Subscription, transport::Outgoing};
use tekup_testkit::redis::RedisServer;

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
