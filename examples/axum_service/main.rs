//! A web service that publishes from its requests, with the bus's probes and metrics on a port of their own.
//!
//! ```text
//! cargo run --bin axum_service                                                 # within this process
//! SERVICE_NAME=web REDIS_URL=redis://localhost:6379 cargo run --bin axum_service   # on a server
//! curl -X POST localhost:3000/leads/lead-1 && curl localhost:9464/metrics
//! cargo run --bin axum_service -- probe                                        # is the one that runs ready?
//! ```
//!
//! On a server all settings of docs/configuration.md hold. `LISTEN` and `OPERATIONS_LISTEN` say where it listens, `LOG_LEVEL` and
//! `LOG_FORMAT` what it logs. How it runs in a container is in deploy/.

use std::{env, io, pin::pin, time::Duration};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use tekup_core::{Event, EventBus, Subscription, TekupEvent, asked_to_stop};
use tekup_events_crm::LeadCreated;
use tekup_http::{Operations, probe, serve};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

/// How long requests under way have at the end.
const REQUESTS: Duration = Duration::from_secs(5);

const READY: &str = "http://127.0.0.1:9464/readyz?verbose";

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("probe") {
        return check(&arguments.next().unwrap_or_else(|| READY.into())).await;
    }
    tekup_telemetry::init_logging()?;
    // Heard from here on: who is stopped while it still starts has nothing to finish.
    let mut asked = pin!(asked_to_stop()?);
    let service = tokio::select! {
        () = &mut asked => return Ok(()),
        started = Service::start() => started?,
    };
    asked.await;
    service.stop().await
}

/// What runs.
struct Service {
    bus: EventBus,
    stop: watch::Sender<()>,
    serving: JoinSet<io::Result<()>>,
}

impl Service {
    async fn start() -> Result<Self> {
        let bus = join().await?;
        let (stop, stopping) = watch::channel(());
        let stopped = || {
            let mut stopping = stopping.clone();
            async move { drop(stopping.changed().await) }
        };
        let mut serving = JoinSet::new();
        let operations = listen("operations", "OPERATIONS_LISTEN", "127.0.0.1:9464").await?;
        serving.spawn(serve(operations, Operations::of(&bus).subscriptions(1).router(), stopped()));
        let (requests, app) = (listen("requests", "LISTEN", "127.0.0.1:3000").await?, app(&bus).await?);
        serving.spawn(axum::serve(requests, app).with_graceful_shutdown(stopped()).into_future());
        Ok(Self { bus, stop, serving })
    }

    /// `/readyz` is 503 from now on, while handlers finish; then requests under way have their time.
    async fn stop(mut self) -> Result<()> {
        // What was counted last may be untold, and nothing else: that is no reason to end badly.
        if let Err(error) = self.bus.shutdown().await {
            tracing::warn!(%error, "the store did not answer at the end");
        }
        drop(self.stop);
        let all = async {
            while let Some(served) = self.serving.join_next().await {
                served??;
            }
            Ok(())
        };
        timeout(REQUESTS, all).await.unwrap_or(Ok(()))
    }
}

/// The bus that the environment names, or one within this process.
async fn join() -> Result<EventBus> {
    let is_told = ["REDIS_URL", "REDIS_URL_FILE", "EVENT_BUS_CONFIG"].iter().any(|name| env::var_os(name).is_some());
    Ok(if is_told { tekup_redis_transport::from_env().await? } else { EventBus::in_memory("web")? })
}

async fn listen(what: &str, variable: &str, default: &str) -> Result<TcpListener> {
    let address = env::var(variable).unwrap_or_else(|_| default.into());
    let listener = TcpListener::bind(&address).await;
    let listener = listener.with_context(|| format!("{variable}: `{address}` can't be listened to"))?;
    tracing::info!(what, address = %listener.local_addr()?, "listening");
    Ok(listener)
}

async fn app(bus: &EventBus) -> Result<Router> {
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
    Ok(Router::new().route("/leads/{id}", post(create)).with_state(bus.clone()))
}

async fn create(State(bus): State<EventBus>, Path(id): Path<String>) -> Result<String, (StatusCode, String)> {
    let lead = LeadCreated::new(&id, "website", 75.0).event("acme").user("visitor");
    let stored = bus.publish(lead).await;
    let refused = |error: tekup_core::Error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    stored.map(|receipt| receipt.id.to_string()).map_err(refused)
}

/// The health check of its container: no other program is needed there.
async fn check(url: &str) -> Result<()> {
    let answer = probe(url, Duration::from_secs(2)).await?;
    ensure!(answer.is_good(), "{answer}");
    Ok(())
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
        let (app, operations) = (app(&bus).await.unwrap(), Operations::of(&bus).router());
        let (status, id) = ask(&app, "POST", "/leads/lead-1").await;
        assert_eq!((status, id.len()), (StatusCode::OK, 36), "{id}");
        assert_eq!(ask(&operations, "GET", "/readyz").await, (StatusCode::OK, r#"{"status":"ready"}"#.into()));
        bus.shutdown().await.unwrap();
        let (_, metrics) = ask(&operations, "GET", "/metrics").await;
        for line in ["published_total{event_type=\"lead.created\"} 1", "status=\"success\"} 1", "tekup_ready 0"] {
            assert!(metrics.contains(line), "{line} is not told:\n{metrics}");
        }
        assert_eq!(ask(&app, "POST", "/leads/lead-2").await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
