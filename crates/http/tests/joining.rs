//! Probes and metrics of a process whose bus is not there yet.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use axum::{Router, http::Method};
use common::{ask, get, samples, status};
use tekup_core::{Error, ErrorKind, EventBus};
use tekup_http::{Joining, Operations};

const PATHS: [&str; 5] = ["/livez", "/startupz", "/readyz", "/health", "/metrics"];

async fn statuses(router: &Router, below: &str) -> Vec<u16> {
    let mut all = Vec::new();
    for path in PATHS {
        all.push(status(router, &format!("{below}{path}")).await);
    }
    all
}

#[tokio::test]
async fn before_the_bus_is_joined_a_process_is_alive_and_tells_why_it_is_not_ready() {
    let joining = Joining::default();
    let router: Router = joining.router();
    assert_eq!(statuses(&router, "").await, [200, 503, 503, 503, 200]);
    assert_eq!(get(&router, "/startupz").await.body, r#"{"status":"starting"}"#);
    joining.waits_for(&Error::new(ErrorKind::Unavailable, "the server is loading"));
    for path in ["/readyz?verbose", "/startupz?verbose", "/health"] {
        let told = get(&router, path).await.json();
        assert_eq!((&told["level"], &told["reasons"][0]["reason"]), (&"unhealthy".into(), &"not_joined".into()));
        assert!(told["reasons"][0]["message"].as_str().unwrap().contains("the server is loading"), "{told}");
    }
    let told: Vec<_> = samples(&router).await.into_iter().collect();
    assert_eq!(told, [("tekup_ready".to_owned(), 0.0), ("tekup_store_up".to_owned(), 0.0)]);
}

#[tokio::test]
async fn once_the_bus_is_joined_it_answers_at_the_same_paths_nested_or_not() {
    let (joining, bus) = (Joining::default(), EventBus::in_memory("crm").unwrap());
    let nested = Router::new().nest("/internal", joining.router());
    let router: Router = joining.router();
    joining.joined(Operations::of(&bus));
    for (router, below) in [(&router, ""), (&nested, "/internal")] {
        assert_eq!(statuses(router, below).await, [200; 5], "{below}");
        assert!(samples_below(router, below).await.contains("tekup_build_info{service=\"crm\""));
    }
    bus.shutdown().await.unwrap();
    assert_eq!(status(&router, "/readyz").await, 503);
}

async fn samples_below(router: &Router, below: &str) -> String {
    get(router, &format!("{below}/metrics")).await.body
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_before_and_after() {
    let (joining, bus) = (Joining::default(), EventBus::in_memory("crm").unwrap());
    let router: Router = joining.router();
    for _ in 0..2 {
        assert_eq!(status(&router, "/leads").await, 404);
        assert_eq!(ask(&router, Method::POST, "/readyz").await.status, 405);
        joining.joined(Operations::of(&bus));
    }
    bus.shutdown().await.unwrap();
}
