//! Metrics of a bus in memory: what is told is what was done.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

mod common;

use std::{collections::BTreeMap, time::Duration};

use axum::Router;
use common::{LeadCreated, eventually, get, lead, samples};
use tekup_core::{
    Advise, BusConfig, Error, ErrorKind, Event, EventBus, HandlerResult, RawEvent, RetryPolicy, Subscription,
    TekupEvent, TenantLabels, memory::MemoryTransport, transport::Outgoing,
};
use tekup_http::Operations;

type Samples = BTreeMap<String, f64>;

fn bus(tenants: TenantLabels) -> EventBus {
    let mut config = BusConfig::new("crm");
    config.metric_tenants = tenants;
    EventBus::new(config, MemoryTransport::new()).unwrap()
}

fn value(samples: &Samples, name: &str) -> f64 {
    *samples.get(name).unwrap_or_else(|| panic!("{name} is not told: {samples:#?}"))
}

fn sum(samples: &Samples, start: &str) -> f64 {
    samples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
}

/// Waits until so many deliveries have ended, and answers what is told then.
async fn when_ended(router: &Router, count: f64) -> Samples {
    eventually("so many have ended", async || sum(&samples(router).await, "tekup_events_total{") >= count).await;
    samples(router).await
}

/// Below 0 it fails for good, 0 fails once, and above 100 it is not wanted.
async fn scoring(bus: &EventBus) {
    let scoring = Subscription::to::<LeadCreated>("scoring")
        .retry(RetryPolicy::fixed(3, Duration::from_millis(1)))
        .filter(|event: &Event<LeadCreated>| event.data.score <= 100.0);
    bus.subscribe(scoring.handler(async |event: Event<LeadCreated>, cx| -> HandlerResult<()> {
        let error = || Error::new(ErrorKind::Internal, "on purpose");
        if event.data.score < 0.0 {
            return Err(error()).permanent();
        }
        if event.data.score == 0.0 && cx.attempt() == 1 {
            return Err(error().into());
        }
        Ok(())
    }))
    .await
    .unwrap();
}

#[tokio::test]
async fn figures_are_exactly_what_was_done() {
    let bus = bus(TenantLabels::Off);
    scoring(&bus).await;
    let router = Operations::of(&bus).router();
    let scores = [75.0, 80.0, 0.0, -1.0, 500.0];
    let events = scores.map(|score| lead(score).event("acme").build().unwrap());
    for result in bus.publish_batch(&events).await.unwrap() {
        result.unwrap();
    }
    assert!(bus.publish(&events[0]).await.unwrap().duplicate);
    // 2 at once, 1 that fails first, 1 that is dead, 1 that is left out.
    let told = when_ended(&router, 6.0).await;
    let of =
        |status: &str| value(&told, &format!(r#"tekup_events_total{{event_type="lead.created",status="{status}"}}"#));
    assert_eq!((of("success"), of("error"), of("filtered")), (3.0, 2.0, 1.0));
    for (name, expected) in [
        (r#"tekup_events_published_total{event_type="lead.created"}"#.to_owned(), 5.0),
        (r#"tekup_event_duration_seconds_count{event_type="lead.created"}"#.to_owned(), 5.0),
        (r#"tekup_event_duration_seconds_bucket{event_type="lead.created",le="+Inf"}"#.to_owned(), 5.0),
        (
            r#"tekup_event_end_to_end_seconds_count{subscription="crm/scoring",event_type="lead.created"}"#.to_owned(),
            3.0,
        ),
        (r#"tekup_retries_total{subscription="crm/scoring",event_type="lead.created"}"#.to_owned(), 1.0),
        (
            r#"tekup_dead_letters_total{subscription="crm/scoring",event_type="lead.created",reason="rejected"}"#
                .to_owned(),
            1.0,
        ),
        (r#"tekup_in_flight{subscription="crm/scoring"}"#.to_owned(), 0.0),
        (r#"tekup_lease_losses_total{subscription="crm/scoring"}"#.to_owned(), 0.0),
        ("tekup_publish_duration_seconds_count".to_owned(), 2.0),
        ("tekup_publish_batch_events_sum".to_owned(), 6.0),
        (r#"tekup_publish_batch_events_bucket{le="1"}"#.to_owned(), 1.0),
        ("tekup_settle_batch_deliveries_sum".to_owned(), 6.0),
        ("tekup_reconnects_total".to_owned(), 0.0),
        ("tekup_ready".to_owned(), 1.0),
    ] {
        assert_eq!(value(&told, &name), expected, "{name}");
    }
    assert_eq!(sum(&told, "tekup_dead_letters_total"), 1.0);
    let counters = bus.process_counters();
    assert_eq!(sum(&told, "tekup_events_total{"), (counters.handled + counters.failed + counters.filtered) as f64);
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_text_says_what_it_is_and_has_a_help_for_each_metric() {
    let bus = bus(TenantLabels::Off);
    let answer = get(&Operations::of(&bus).router(), "/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
    let types = answer.body.lines().filter(|line| line.starts_with("# TYPE ")).count();
    assert!(types == 7 && types == answer.body.lines().filter(|line| line.starts_with("# HELP ")).count());
    assert!(answer.body.contains(r#"tekup_build_info{service="crm",version=""#), "{}", answer.body);
}

#[tokio::test]
async fn two_thousand_types_and_tenants_make_a_thousand_labels_of_each_and_nothing_is_left_out() {
    let bus = bus(TenantLabels::All);
    let router = Operations::of(&bus).router();
    bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    for number in (0..2_000).step_by(500) {
        let events = (number..number + 500).map(|number| {
            let event = lead(75.0).event(format!("t{number}")).build().unwrap();
            // The bus carries types that it does not know.
            let text = String::from_utf8(Outgoing::of(&event).unwrap().bytes.to_vec()).unwrap();
            RawEvent::parse(text.replace("lead.created", &format!("lead.n{number}"))).unwrap()
        });
        assert!(bus.publish_batch(events).await.unwrap().iter().all(Result::is_ok));
    }
    let told = when_ended(&router, 2_000.0).await;
    let labels = |name: &str| {
        let start = format!("{name}=\"");
        let events = told.keys().filter(|sample| sample.starts_with("tekup_events_"));
        let values = events.filter_map(|sample| sample.split(&start).nth(1)?.split('"').next());
        std::collections::BTreeSet::from_iter(values)
    };
    for label in ["event_type", "tenant_id"] {
        assert_eq!(labels(label).len(), 1_001, "{label}");
        assert!(labels(label).contains("other"), "{label}");
    }
    assert_eq!(sum(&told, "tekup_events_published_total"), 2_000.0);
    assert_eq!(sum(&told, "tekup_event_end_to_end_seconds_count"), 2_000.0);
    assert!(!told.keys().any(|sample| sample.starts_with("tekup_dead_letters_total")), "there are none");
    let page = get(&router, "/metrics").await.body;
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn tenants_that_are_listed_are_told_apart_and_what_is_no_event_is_unknown() {
    let bus = bus(TenantLabels::Only(vec!["acme".parse().unwrap()]));
    let router = Operations::of(&bus).router();
    bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    bus.publish(lead(75.0).event("acme")).await.unwrap();
    bus.publish(lead(75.0).event("globex")).await.unwrap();
    bus.publish(Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), "{")).await.unwrap();
    let told = when_ended(&router, 3.0).await;
    for name in [
        r#"tekup_events_total{event_type="lead.created",tenant_id="acme",status="success"}"#,
        r#"tekup_events_total{event_type="lead.created",tenant_id="other",status="success"}"#,
        r#"tekup_events_total{event_type="unknown",tenant_id="acme",status="error"}"#,
        r#"tekup_dead_letters_total{subscription="crm/everything",event_type="unknown",tenant_id="acme",reason="undecodable"}"#,
    ] {
        assert_eq!(value(&told, name), 1.0, "{name}");
    }
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_waits_in_the_store_is_told_by_subscription_state_and_tenant() {
    let bus = bus(TenantLabels::Off);
    let every = Duration::from_millis(100);
    let router = Operations::of(&bus).with_store(every).tenants(["acme".parse().unwrap()]).router();
    bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    bus.pause("crm/everything").await.unwrap();
    for tenant in ["acme", "acme", "globex"] {
        bus.publish(lead(75.0).event(tenant)).await.unwrap();
    }
    bus.publish(lead(75.0).event("acme").delay(Duration::from_secs(600))).await.unwrap();
    let name = r#"tekup_depth_events{subscription="crm/everything",state="ready"}"#;
    eventually("three wait", async || samples(&router).await.get(name) == Some(&3.0)).await;
    let told = samples(&router).await;
    for (name, expected) in [
        (r#"tekup_depth_events{subscription="crm/everything",state="scheduled"}"#, 1.0),
        (r#"tekup_depth_events{subscription="crm/everything",state="dead"}"#, 0.0),
        (r#"tekup_tenant_depth_events{subscription="crm/everything",tenant_id="acme",state="ready"}"#, 2.0),
        (r#"tekup_paused{subscription="crm/everything"}"#, 1.0),
        (r#"tekup_replicas{subscription="crm/everything"}"#, 1.0),
        ("tekup_store_up", 1.0),
        ("tekup_store_subscriptions", 1.0),
        ("tekup_store_subscriptions_left_out", 0.0),
    ] {
        assert_eq!(value(&told, name), expected, "{name}");
    }
    assert!(value(&told, r#"tekup_oldest_age_seconds{subscription="crm/everything"}"#) >= 0.0);
    let age = tekup_core::Timestamp::now().unix_millis() as f64 / 1_000.0
        - value(&told, "tekup_store_look_timestamp_seconds");
    assert!((0.0..30.0).contains(&age), "{age}");
    assert_eq!(sum(&told, "tekup_tenant_depth_events"), 3.0, "globex is not told of by itself");
    bus.shutdown().await.unwrap();
}

#[tokio::test]
async fn of_many_subscriptions_five_hundred_are_looked_at_and_the_rest_is_counted() {
    let bus = bus(TenantLabels::Off);
    for number in 0..507 {
        let idle = Subscription::matching(format!("idle-{number}"), "lead.*").concurrency(1);
        bus.subscribe(idle.handler(async |_: RawEvent, _| ())).await.unwrap();
    }
    let router = Operations::of(&bus).with_store(Duration::from_secs(3_600)).router();
    eventually("the store was looked at", async || samples(&router).await.contains_key("tekup_store_latency_seconds"))
        .await;
    let told = samples(&router).await;
    let looked = told.keys().filter(|name| name.starts_with("tekup_replicas{")).count();
    let [all, left_out] =
        ["tekup_store_subscriptions", "tekup_store_subscriptions_left_out"].map(|name| value(&told, name));
    assert_eq!((looked, all, left_out), (500, 507.0, 7.0));
    bus.shutdown().await.unwrap();
}
