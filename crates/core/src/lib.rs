//! An event bus for products made of many services that serve many tenants.
//!
//! A service derives typed events, publishes them, and subscribes to types or patterns. Every service gets its own copy
//! of each event; the replicas of one service share the work. What fails is retried with backoff, and ends in a dead
//! letter queue from which it can be replayed.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use tekup_core::{EventBus, Subscription, TekupEvent};
//!
//! #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
//! #[event(type = "invoice.paid", priority = "high")]
//! struct InvoicePaid {
//!     invoice_id: String,
//!     amount: f64,
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> tekup_core::Result<()> {
//!     let bus = EventBus::in_memory("billing")?;
//!     bus.subscribe(Subscription::to::<InvoicePaid>("ledger").handler(async |event, cx| {
//!         println!("attempt {}: {} paid {}", cx.attempt(), event.data.invoice_id, event.data.amount);
//!         Ok(())
//!     }))
//!     .await?;
//!     bus.publish(InvoicePaid { invoice_id: "i-1".into(), amount: 12.5 }.event("tenant-123")).await?;
//!     bus.shutdown().await
//! }
//! ```
//!
//! # Where to go next
//!
//! - Derive an event: [`TekupEvent`](derive@TekupEvent). Complete and publish it: [`Draft`], [`EventBus::publish`].
//! - Causes and effects: [`Correlation`], [`Context::publish`], [`EventBus::trace`].
//! - Handle events: [`Subscription`], and [`docs::handlers`] for what the compiler may say.
//! - Choose types: [`Pattern`], [`PatternBuilder`], and [`patterns`] for ready-made ones.
//! - Choose events, and sum them up: [`EventFilter`], [`EventDigest`].
//! - Failures: [`RetryPolicy`], [`Outcome`], [`DeadLetters`]; by filter, at a rate: [`letters`].
//! - Spans and trace context: [`Propagator`], [`TraceContext`].
//! - Every replica hears each event: [`Broadcast`].
//! - One tenant only: [`TenantBus`].
//! - Stop a subscription for a while, or slow it down: [`EventBus::pause`], [`RateLimit`].
//! - Where an event stands and what was counted: [`EventBus::status`], [`EventBus::counters`]; the event itself:
//!   [`EventBus::stored`].
//! - How long it takes: [`EventBus::latencies`].
//! - Whether all is well: [`EventBus::health`]; for probes: [`EventBus::liveness`], [`EventBus::readiness`].
//! - What this process has done, for an exporter: [`EventBus::process_metrics`].
//! - Who did what, and which sensitive events were published: [`EventBus::audit`].
//! - Settings: [`BusConfig`]; by flag, variable and file: [`settings`].
//! - A transport of one's own: [`transport`]. The one without a server: [`memory`].
//!
//! # Words
//!
//! | word | means |
//! |---|---|
//! | event | a fact: an envelope and data. [`Event`]`<T>`, or [`RawEvent`] with its data unparsed |
//! | event type | `lead.created`: lower-case words joined by `.` |
//! | tenant | whose event it is; every event has exactly one |
//! | service | the name with which a process joins the bus; its replicas share it |
//! | subscription | a durable, named reader of a service: `<service>/<name>`. Position, retries and dead letters outlive every process |
//! | pattern | which event types a subscription takes |
//! | delivery | one attempt to hand one event to one subscription |
//! | lane | where events of one type and one priority wait |
//! | settle | to end a delivery: ack, retry, dead-letter, release |
//! | lease | how long a delivery belongs to one process before another may take it over |
//! | transport | what stores and moves events |
//!
//! # What is promised
//!
//! [`EventBus::publish`] returns `Ok` only when the event is stored. From then on every matching subscription that
//! existed before gets it at least once, or it ends in that subscription's dead letters: a handler may see an event
//! twice after a fault, so it should be idempotent ([`Context::event_id`] is the key). Nothing is dropped in silence;
//! for each subscription the books balance ([`EventBus::books`]).

pub mod audit;
mod broadcast;
mod bus;
mod checks;
mod config;
pub mod docs;
mod envelope;
mod error;
mod event;
mod handler;
pub mod health;
mod ids;
pub mod letters;
pub mod memory;
pub mod metrics;
pub mod patterns;
mod policy;
mod priority;
mod rate_limit;
mod retry;
mod runtime;
pub mod settings;
mod signals;
mod spans;
mod subscription;
mod sync;
pub mod text;
mod timestamp;
pub mod transport;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use broadcast::{Broadcast, BroadcastHandle};
pub use bus::{DeadLetters, EventBus, Publish, Removal, TenantBus, Trace, TraceNode};
pub use checks::{SchemaCheck, Schemas};
pub use config::{BusConfig, Environment, HealthThresholds, TenantLabels};
pub use envelope::{Envelope, Limits, Metadata};
pub use error::{BoxError, Error, ErrorKind, Result};
#[cfg(feature = "auto-register")]
pub use event::registered;
pub use event::{
    Correlation, Draft, Event, EventBatch, EventDescriptor, EventDigest, EventFilter, IntoDraft, RawEvent, TekupEvent,
    TenantContext, UnknownValue,
};
pub use handler::{
    Advise, BatchContext, BatchOutcome, Context, Handler, HandlerError, HandlerResult, Incoming, IntoBatchOutcome,
    IntoOutcome, Outcome,
};
pub use ids::{
    EventId, EventType, IntoPatterns, Pattern, PatternBuilder, SchemaVersion, ServiceName, SubscriptionId,
    SubscriptionName, TenantId, UserId,
};
pub use priority::Priority;
pub use rate_limit::RateLimit;
pub use retry::RetryPolicy;
pub use signals::asked_to_stop;
pub use spans::{Propagator, TraceContext};
pub use subscription::{Subscription, SubscriptionHandle};
pub use tekup_macros::TekupEvent;
pub use timestamp::Timestamp;
