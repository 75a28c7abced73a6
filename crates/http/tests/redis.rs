//! Probes and metrics while a real Redis server hangs, dies and comes back.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{sync::Arc, time::Duration};

use axum::Router;
use common::{LeadCreated, eventually, get, lead, samples, status};
use tekup_core::{BusConfig, Event, EventBus, RawEvent, Subscription, TekupEvent};
use tekup_http::Operations;
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::redis::{RedisServer, Reply};
use tokio::sync::Semaphore;

const SECOND: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);

async fn connect(server: &RedisServer) -> EventBus {
    let mut config = RedisConfig::new(server.url()).partitions(2);
    (config.connect_timeout, config.command_timeout) = (SECOND, SECOND);
    EventBus::new(BusConfig::new("crm"), RedisTransport::connect(&config).await.unwrap()).unwrap()
}

fn router(bus: &EventBus) -> Router {
    Operations::of(bus).look_every(LOOK).with_store(LOOK).router()
}

async fn subscribe(bus: &EventBus) {
    let scoring = Subscription::to::<LeadCreated>("scoring");
    bus.subscribe(scoring.handler(async |_: Event<LeadCreated>, _| ())).await.unwrap();
}

/// Everything that is asked while the store does not answer, and how it is told.
async fn is_told(router: &Router) {
    eventually("unready", async || status(router, "/readyz").await == 503).await;
    for path in ["/livez", "/readyz?verbose", "/startupz"] {
        let answer = get(router, path).await;
        assert!(answer.took < SECOND, "{path} took {:?}", answer.took);
        assert_eq!(answer.status.as_u16() == 200, !path.starts_with("/readyz"), "{path}: {}", answer.body);
    }
    eventually("the report tells", async || status(router, "/health").await == 503).await;
    let health = get(router, "/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["reasons"][0]["reason"]), (503, &"store_unreachable".into()));
    eventually("the metrics tell", async || samples(router).await["tekup_store_up"] == 0.0).await;
    let answer = get(router, "/metrics").await;
    assert!(answer.status.is_success() && answer.took < 2 * SECOND, "{:?}", answer.took);
    assert!(!answer.body.contains("tekup_depth_events"), "nothing old is told as if it were new");
    assert!(answer.body.contains("tekup_store_look_timestamp_seconds") && answer.body.contains("tekup_ready 0"));
}

async fn is_well(router: &Router) {
    eventually("ready", async || status(router, "/readyz").await == 200).await;
    eventually("the metrics tell", async || samples(router).await["tekup_store_up"] == 1.0).await;
    eventually("healthy", async || status(router, "/health").await == 200).await;
    assert_eq!(samples(router).await["tekup_ready"], 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_makes_a_process_unready_but_alive_until_it_goes_on() {
    let server = RedisServer::start().unwrap();
    let bus = connect(&server).await;
    subscribe(&bus).await;
    let router = router(&bus);
    is_well(&router).await;
    server.freeze().unwrap();
    eventually("a look has failed", async || get(&router, "/readyz?verbose").await.body.contains("unreachable")).await;
    let after_one = get(&router, "/readyz?verbose").await;
    assert_eq!(after_one.status, 200, "one bad look is none: {}", after_one.body);
    is_told(&router).await;
    server.thaw().unwrap();
    is_well(&router).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_makes_a_process_unready_but_alive_and_its_return_counts_as_reconnects() {
    let mut server = RedisServer::start().unwrap();
    let bus = connect(&server).await;
    subscribe(&bus).await;
    let router = router(&bus);
    is_well(&router).await;
    assert_eq!(samples(&router).await["tekup_reconnects_total"], 0.0);
    server.kill().unwrap();
    is_told(&router).await;
    server.restart().unwrap();
    is_well(&router).await;
    // For commands and for reads at least; more, if a connection was made to the server that was on its way out.
    eventually("reconnects", async || samples(&router).await["tekup_reconnects_total"] >= 2.0).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_on_redis_are_exactly_what_was_done() {
    let server = RedisServer::start().unwrap();
    let bus = connect(&server).await;
    subscribe(&bus).await;
    let idle = Subscription::matching("idle", "lead.*").handler(async |_: RawEvent, _| ());
    bus.subscribe(idle).await.unwrap();
    bus.pause("crm/idle").await.unwrap();
    let router = router(&bus);
    let drafts = (0..300).map(|number| lead(f64::from(number)).event(format!("t{}", number % 7)));
    assert!(bus.publish_batch(drafts).await.unwrap().iter().all(Result::is_ok));
    let handled = r#"tekup_events_total{event_type="lead.created",status="success"}"#;
    eventually("all are handled", async || samples(&router).await.get(handled) == Some(&300.0)).await;
    let waiting = r#"tekup_depth_events{subscription="crm/idle",state="ready"}"#;
    eventually("all wait for the other", async || samples(&router).await.get(waiting) == Some(&300.0)).await;
    let told = samples(&router).await;
    for (name, expected) in [
        (r#"tekup_events_published_total{event_type="lead.created"}"#, 300.0),
        (r#"tekup_event_duration_seconds_count{event_type="lead.created"}"#, 300.0),
        (r#"tekup_event_end_to_end_seconds_count{subscription="crm/scoring",event_type="lead.created"}"#, 300.0),
        (r#"tekup_depth_events{subscription="crm/scoring",state="ready"}"#, 0.0),
        ("tekup_publish_batch_events_sum", 300.0),
        ("tekup_publish_duration_seconds_count", 1.0),
        ("tekup_store_subscriptions", 2.0),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_found_lost_only_by_the_verdict_is_counted() {
    let server = RedisServer::start().unwrap();
    let bus = connect(&server).await;
    let (held, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let scoring = Subscription::to::<LeadCreated>("scoring");
    let waiting = scoring.handler_with((held.clone(), gate.clone()), async |(held, gate), _: Event<LeadCreated>, _| {
        held.add_permits(1);
        drop(gate.acquire().await);
    });
    bus.subscribe(waiting).await.unwrap();
    bus.publish(lead(75.0).event("acme")).await.unwrap();
    drop(held.acquire().await.unwrap());
    finish_elsewhere(&server);
    gate.add_permits(1);
    let router = router(&bus);
    let name = r#"tekup_lease_losses_total{subscription="crm/scoring"}"#;
    eventually("it is counted", async || samples(&router).await[name] == 1.0).await;
    assert!(!samples(&router).await.keys().any(|name| name.starts_with("tekup_events_total{")), "another has done it");
    bus.shutdown().await.unwrap();
}

/// As another process would that has taken over all that is pending.
fn finish_elsewhere(server: &RedisServer) {
    let text = |reply: &Reply| reply.text().unwrap_or_default().to_owned();
    let lanes = server.command(&["KEYS", "*:lead.created:*"]).unwrap();
    let mut finished = 0;
    for lane in lanes.items().iter().map(text) {
        if server.command(&["TYPE", &lane]).unwrap().text() != Some("stream") {
            continue;
        }
        let pending = |group: &str| server.command(&["XPENDING", &lane, group, "-", "+", "10"]).unwrap();
        for group in server.command(&["XINFO", "GROUPS", &lane]).unwrap().items() {
            let group = text(&group.items()[1]);
            for entry in pending(&group).items() {
                let entry = text(&entry.items()[0]);
                finished += server.command(&["XACK", &lane, &group, &entry]).unwrap().int().unwrap();
            }
        }
    }
    assert_eq!(finished, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_holds_the_password_of_the_store() {
    let server = RedisServer::builder().password("hunter2").start().unwrap();
    let bus = connect(&server).await;
    subscribe(&bus).await;
    let router = router(&bus);
    is_well(&router).await;
    server.freeze().unwrap();
    eventually("unready", async || status(&router, "/readyz").await == 503).await;
    for path in ["/livez?verbose", "/readyz?verbose", "/startupz?verbose", "/health", "/metrics"] {
        let answer = get(&router, path).await;
        assert!(!answer.body.contains("hunter2"), "{path}: {}", answer.body);
    }
    server.thaw().unwrap();
    bus.shutdown().await.unwrap();
}
