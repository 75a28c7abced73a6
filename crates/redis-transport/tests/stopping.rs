//! A bus that is shut down while its server does not answer.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::connect;
use serde::{Deserialize, Serialize};
use tekup_core::{BusConfig, ErrorKind, EventBus, RawEvent, Subscription, TekupEvent};
use tekup_testkit::redis::RedisServer;
use tokio::{sync::mpsc, time::timeout};

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadCreated {}

const GRACE: Duration = Duration::from_millis(500);
const HANDLERS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_soon_after_its_grace_period_though_handlers_and_server_hang() {
    let server = RedisServer::start().unwrap();
    let mut config = BusConfig::new("billing");
    (config.shutdown_grace, config.concurrency) = (GRACE, HANDLERS);
    let bus = EventBus::new(config, connect(&server).await).unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let hangs = Subscription::matching("hangs", "*").handler_with(begun, async |begun, _: RawEvent, _| {
        begun.send(())?;
        std::future::pending::<()>().await;
        Ok(())
    });
    bus.subscribe(hangs).await.unwrap();
    for _ in 0..HANDLERS {
        bus.publish(LeadCreated {}.event("acme")).await.unwrap();
    }
    for _ in 0..HANDLERS {
        timeout(Duration::from_secs(30), begins.recv()).await.unwrap().unwrap();
    }
    server.freeze().unwrap();
    let asked = Instant::now();
    let ended = timeout(Duration::from_secs(30), bus.shutdown()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Unavailable, "what was published is not counted yet");
    // Kubernetes waits for 5 s more than the default grace period.
    assert!(asked.elapsed() < GRACE + Duration::from_secs(5), "{:?}", asked.elapsed());
    server.thaw().unwrap();
}
