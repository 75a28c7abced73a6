//! What the tests of this folder share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tekup_core::TekupEvent;
use tower::ServiceExt;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.created")]
pub struct LeadCreated {
    pub score: f64,
}

pub fn lead(score: f64) -> LeadCreated {
    LeadCreated { score }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub took: Duration,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub async fn ask(router: &Router, method: Method, path: &str) -> Answer {
    let (began, request) = (Instant::now(), Request::builder().method(method).uri(path).body(Body::empty()).unwrap());
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().into()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body, took: began.elapsed() }
}

pub async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Method::GET, path).await
}

pub async fn status(router: &Router, path: &str) -> u16 {
    get(router, path).await.status.as_u16()
}

/// The samples of `/metrics`: each with its labels as they are written.
pub async fn samples(router: &Router) -> BTreeMap<String, f64> {
    let answer = get(router, "/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    let samples = answer.body.lines().filter(|line| !line.starts_with('#'));
    let parsed = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    let all: Vec<(String, f64)> = parsed.collect();
    let count = all.len();
    let by_name = BTreeMap::from_iter(all);
    assert_eq!(by_name.len(), count, "a sample is told twice");
    by_name
}

/// Waits until it holds; some things take a few looks.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
