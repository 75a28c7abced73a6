//! A web service that publishes from its requests, with the bus's probes and metrics beside its own routes.
//!
//! ```text
//! cargo run --example axum_service                            # within this process
//! cargo run --example axum_service -- redis://localhost:6379  # on a server
//! curl -X POST localhost:3000/leads/lead-1 && curl localhost:3000/internal/metrics
//! ```

use anyhow::Result;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use tekup_core::{Event, EventBus, Subscription, TekupEvent};
use tekup_events_crm::LeadCreated;
use tekup_http::Operations;

#[tokio::main]
async fn main() -> Result<()> {
    let bus = match std::env::args().nth(1) {
        None => EventBus::in_memory("web")?,
        Some(url) => tekup_redis_transport::connect(&url, "web").await?,
    };
    let app = app(&bus).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let serving = tokio::spawn(tekup_http::serve(listener, app, std::future::pending()));
    // `/readyz` is 503 from the signal on, while handlers finish; then the program ends, and the server with it.
    bus.run_until_signal().await?;
    serving.abort();
    Ok(())
}

/// The service's own routes, and the bus's below `/internal`.
async fn app(bus: &EventBus) -> Result<Router> {
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
    let operations = Operations::of(bus).subscriptions(1);
    Ok(Router::new().route("/leads/{id}", post(create)).with_state(bus.clone()).nest("/internal", operations.router()))
}

async fn create(State(bus): State<EventBus>, Path(id): Path<String>) -> Result<String, (StatusCode, String)> {
    let lead = LeadCreated::new(&id, "website", 75.0).event("acme").user("visitor");
    let stored = bus.publish(lead).await;
    let refused = |error: tekup_core::Error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    stored.map(|receipt| receipt.id.to_string()).map_err(refused)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower::ServiceExt;

    use super::*;

    async fn ask(app: &Router, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().into()).unwrap())
    }

    #[tokio::test]
    async fn a_request_publishes_and_the_metrics_tell_of_it() {
        let bus = EventBus::in_memory("web").unwrap();
        let app = app(&bus).await.unwrap();
        let (status, id) = ask(&app, "POST", "/leads/lead-1").await;
        assert_eq!((status, id.len()), (StatusCode::OK, 36), "{id}");
        assert_eq!(ask(&app, "GET", "/internal/readyz").await, (StatusCode::OK, r#"{"status":"ready"}"#.into()));
        bus.shutdown().await.unwrap();
        let (_, metrics) = ask(&app, "GET", "/internal/metrics").await;
        for line in ["published_total{event_type=\"lead.created\"} 1", "status=\"success\"} 1", "tekup_ready 0"] {
            assert!(metrics.contains(line), "{line} is not told:\n{metrics}");
        }
    }
}
