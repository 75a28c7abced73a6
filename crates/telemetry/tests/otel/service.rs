use std::{
    future::Future,
    thread::{self, JoinHandle},
    time::Duration,
};

use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Draft, EventBus, Result, TekupEvent};
use tekup_telemetry::Traces;
use tracing_subscriber::layer::SubscriberExt;

use crate::collector::Collector;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.created")]
pub(crate) struct LeadCreated {
    pub(crate) note: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.scored")]
pub(crate) struct LeadScored {
    pub(crate) note: String,
}

pub(crate) const PAYLOAD: &str = "canary-in-the-payload";

pub(crate) fn lead() -> Draft<LeadCreated> {
    LeadCreated { note: PAYLOAD.into() }.event("acme")
}

pub(crate) fn scored() -> Draft<LeadScored> {
    LeadScored { note: PAYLOAD.into() }.event("acme")
}

/// A service as a process of its own would be: its thread, its runtime, its spans, its bus. It has sent all of its spans
/// when its thread ends.
pub(crate) fn service<B, F>(
    name: &'static str,
    collector: &Collector,
    bus: impl FnOnce() -> B + Send + 'static,
    work: impl FnOnce(EventBus) -> F + Send + 'static,
) -> JoinHandle<()>
where
    B: Future<Output = Result<EventBus>>,
    F: Future<Output = ()>,
{
    let endpoint = format!("{}/v1/traces", collector.address);
    thread::spawn(move || {
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build().unwrap();
        let traces = Traces::exported_by(exporter, name);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(traces.layer()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bus = bus().await.unwrap();
            traces.join(&bus).unwrap();
            let working = async {
                work(bus.clone()).await;
                bus.shutdown().await.unwrap();
            };
            tokio::time::timeout(Duration::from_secs(60), working).await.expect("a service is done within a minute");
        });
        traces.shutdown().unwrap();
    })
}

/// A service alone, on a bus in memory.
pub(crate) fn alone<F: Future<Output = ()>>(collector: &Collector, work: impl FnOnce(EventBus) -> F + Send + 'static) {
    service("crm", collector, async || EventBus::in_memory("crm"), work).join().unwrap();
}

/// Waits until so many deliveries were counted.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let looking = async {
        while !done().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap_or_else(|_| panic!("never: {what}"));
}
