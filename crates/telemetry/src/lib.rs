//! Logging, and OpenTelemetry traces, for services on the Tekup event bus.
//!
//! Both are opt-in. [`init_logging`] writes lines in which what is logged while an event is published or handled carries the
//! event's ids, also what a handler logs itself:
//!
//! ```
//! use tekup_core::{EventBus, RawEvent, Subscription};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! tekup_telemetry::init_logging()?; // LOG_LEVEL or RUST_LOG, LOG_FORMAT
//! let bus = EventBus::in_memory("audit")?;
//! let audit = Subscription::matching("everything", "*").handler(async |event: RawEvent, _| {
//!     tracing::info!(bytes = event.bytes().len(), "seen"); // with event.id, event.type, tenant, correlation
//! });
//! bus.subscribe(audit).await?;
//! bus.shutdown().await
//! # }
//! ```
//!
//! | variable | value | default |
//! |---|---|---|
//! | `LOG_LEVEL` | `off`, `error`, `warn`, `info`, `debug` or `trace` | `info` |
//! | `RUST_LOG` | directives, such as `info,my_service=debug`; wins over `LOG_LEVEL` | |
//! | `LOG_FORMAT` | `text` or `json` | `text` |
//!
//! The bus logs no payload, and no control character leaves a line: what somebody else wrote can neither begin a line of its
//! own nor speak to a terminal. See [`Logging`] for the lines.
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `otel` | `init_traces` and `Traces`: spans to a collector, by OTLP over HTTP |

mod format;
mod line;
mod logging;
#[cfg(feature = "otel")]
mod otel;
mod subject;

pub use logging::{Logging, init_logging};
#[cfg(feature = "otel")]
pub use otel::{Traces, init_traces};
