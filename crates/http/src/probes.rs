//! Answers to probes: 200 or 503, and a few words of JSON.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tekup_core::health::{Health, Level, Reason};

use crate::shared::Shared;

/// How long the full report may take to come.
const REPORT_PATIENCE: Duration = Duration::from_secs(5);

/// What a good and a bad answer say.
pub(crate) type Words = [&'static str; 2];

pub(crate) const LIVE: Words = ["alive", "stuck"];
pub(crate) const READY: Words = ["ready", "unready"];
pub(crate) const STARTED: Words = ["started", "starting"];

pub(crate) async fn livez(State(shared): State<Arc<Shared>>, query: RawQuery) -> Response {
    let alive = shared.bus.liveness();
    answer(alive.is_healthy(), LIVE, Some(&alive), &query)
}

pub(crate) async fn readyz(State(shared): State<Arc<Shared>>, query: RawQuery) -> Response {
    let ready = shared.ready().await;
    answer(ready.opinion.is_ready, READY, ready.last.as_ref(), &query)
}

pub(crate) async fn startupz(State(shared): State<Arc<Shared>>, query: RawQuery) -> Response {
    let ready = shared.ready().await;
    answer(ready.has_started, STARTED, ready.last.as_ref(), &query)
}

/// All that is known, as [`Health`] is serialized; each reason also in words.
pub(crate) async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let bus = shared.bus.clone();
    let look = || async move { bus.health().await };
    let Some(health) = shared.health.get(look, REPORT_PATIENCE).await else {
        let late =
            json!({ "level": Level::Unhealthy, "reasons": [], "error": "the report is not there yet: ask again" });
        return reply(false, late);
    };
    report(&health)
}

pub(crate) fn report(health: &Health) -> Response {
    let report = json!({ "level": health.level, "reasons": reasons(health) });
    reply(health.level < Level::Unhealthy, report)
}

pub(crate) fn answer(
    is_good: bool,
    [good, bad]: Words,
    found: Option<&Health>,
    RawQuery(query): &RawQuery,
) -> Response {
    let mut body = json!({ "status": if is_good { good } else { bad } });
    if is_verbose(query.as_deref()) {
        body["level"] = json!(found.map(|health| health.level));
        body["reasons"] = json!(found.map(reasons).unwrap_or_default());
    }
    reply(is_good, body)
}

fn reasons(health: &Health) -> Vec<Value> {
    health.reasons.iter().map(told).collect()
}

fn told(reason: &Reason) -> Value {
    // A reason is always an object: it says which one it is.
    let mut told = serde_json::to_value(reason).unwrap_or_else(|_| json!({}));
    told["message"] = json!(reason.to_string());
    told
}

/// `?verbose`, alone or among others, with or without a value.
fn is_verbose(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part.starts_with("verbose=")))
}

fn reply(is_good: bool, body: Value) -> Response {
    let status = if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbose_is_found_among_other_parameters_only_as_a_whole_name() {
        for query in ["verbose", "verbose=1", "a=b&verbose", "verbose=&c"] {
            assert!(is_verbose(Some(query)), "{query}");
        }
        for query in ["", "verbosely", "a=verbose", "quiet"] {
            assert!(!is_verbose(Some(query)), "{query}");
        }
        assert!(!is_verbose(None));
    }
}
