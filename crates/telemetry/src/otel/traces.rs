use std::{io, time::Duration};

use opentelemetry::{Key, trace::TracerProvider};
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    trace::{SdkTracerProvider, SpanExporter},
};
use tekup_core::{Environment, Error, ErrorKind, EventBus, Result};
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, registry::LookupSpan};

use super::propagator::OtelPropagator;
use crate::logging::{Logging, install};

/// How long the end is waited for.
const SHUTDOWN: Duration = Duration::from_secs(5);

const SERVICE: Key = Key::from_static_str("service.name");

/// Logs as [`init_logging`](crate::init_logging) does, and sends spans to a collector as well, as the `OTEL_*` variables of
/// OpenTelemetry say: among others `OTEL_EXPORTER_OTLP_ENDPOINT` (`http://localhost:4318` if absent), `OTEL_SERVICE_NAME`
/// (the given name if absent), `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER`.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for a variable that says something wrong; [`ErrorKind::Conflict`] if this program logs already.
///
/// ```
/// use tekup_core::EventBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let traces = tekup_telemetry::init_traces("crm")?;
/// let bus = EventBus::in_memory("crm")?;
/// traces.join(&bus)?;
/// // subscribe, publish, wait for a signal
/// bus.shutdown().await?;
/// traces.shutdown()
/// # }
/// ```
pub fn init_traces(service: impl AsRef<str>) -> Result<Traces> {
    let logging = Logging::from_environment(&Environment::of_process())?;
    let traces = Traces::from_env(service)?;
    install(tracing_subscriber::registry().with(traces.layer()).with(logging.layer(io::stdout)))?;
    Ok(traces)
}

/// Spans on their way to a collector. They are sent in the background, in batches; what is not sent yet goes with
/// [`shutdown`](Traces::shutdown), and where this is dropped.
///
/// Spans of the bus follow the messaging conventions of OpenTelemetry, version 1.44 (status: development). All other spans of
/// the program that are of level INFO or above go with them. A span keeps its first 128 links, unless
/// `OTEL_SPAN_LINK_COUNT_LIMIT` says otherwise.
///
/// ```
/// use tekup_core::EventBus;
/// use tekup_telemetry::Traces;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let traces = Traces::from_env("crm")?;
/// let subscriber = tracing_subscriber::registry().with(traces.layer());
/// let _guard = tracing::subscriber::set_default(subscriber);
/// traces.join(&EventBus::in_memory("crm")?)?;
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "spans are sent until this is dropped"]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Spans to the collector that the `OTEL_*` variables name, by OTLP over HTTP. Of an `https` one: enable the feature
    /// `reqwest-rustls` of `opentelemetry-otlp`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a variable that says something wrong.
    ///
    /// See [`Traces`] for an example.
    pub fn from_env(service: impl AsRef<str>) -> Result<Self> {
        let exporter = OtlpExporter::builder().with_http().build().map_err(|cause| {
            let message = format!("spans can't be sent as the `OTEL_EXPORTER_OTLP_*` variables say: {cause}");
            Error::new(ErrorKind::InvalidConfig, message).with_source(cause)
        })?;
        Ok(Self::exported_by(exporter, service))
    }

    /// Spans through an exporter of one's own, such as one for gRPC.
    ///
    /// ```
    /// # use tekup_telemetry::Traces;
    /// let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    /// let traces = Traces::exported_by(exporter, "crm");
    /// # drop(traces);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exported_by(exporter: impl SpanExporter + 'static, service: impl AsRef<str>) -> Self {
        let resource = resource(service.as_ref());
        Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
    }

    /// A layer that records spans, to be added to a subscriber.
    ///
    /// See [`Traces`] for an example.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_recorded).with_max_level_hint(LevelFilter::INFO))
    }

    /// From now on, events of the bus carry the context of the span that they are published in, and handlers are linked to
    /// it.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if the bus was joined already.
    ///
    /// See [`Traces`] for an example.
    pub fn join(&self, bus: &EventBus) -> Result<()> {
        bus.use_propagator(OtelPropagator)
    }

    /// Sends what is not sent yet, and ends. It keeps its thread for up to ten seconds: call it last.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if spans could not be sent.
    ///
    /// See [`init_traces`] for an example.
    pub fn shutdown(self) -> Result<()> {
        // Only the first of the two says whether they could be sent.
        let sent = self.0.force_flush();
        sent.and(self.0.shutdown_with_timeout(SHUTDOWN)).map_err(|cause| {
            let message = format!("the last spans could not be sent: {cause}; see whether the collector is there");
            Error::new(ErrorKind::Unavailable, message).with_source(cause)
        })
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        match self.0.shutdown_with_timeout(SHUTDOWN) {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => {
                tracing::warn!(%error, "the last spans could not be sent; see whether the collector is there")
            }
        }
    }
}

/// What the environment says of this process; the service's name where it does not.
fn resource(service: &str) -> Resource {
    let said = Resource::builder().build();
    let is_named = said.get(&SERVICE).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if is_named { said } else { Resource::builder().with_service_name(service.to_owned()).build() }
}

/// What is done to send spans must not make new ones.
fn is_recorded(metadata: &Metadata<'_>) -> bool {
    let is_of_sending = ["opentelemetry", "hyper", "reqwest"].iter().any(|name| metadata.target().starts_with(name));
    *metadata.level() <= Level::INFO && !is_of_sending
}
