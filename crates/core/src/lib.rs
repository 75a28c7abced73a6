//! Typed events, subscriptions and the transport seam of the Tekup event bus.

mod bus;
mod config;
mod envelope;
mod error;
mod event;
mod handler;
mod ids;
pub mod memory;
mod metrics;
mod policy;
mod priority;
mod retry;
mod runtime;
mod subscription;
mod sync;
mod timestamp;
pub mod transport;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use bus::{DeadLetters, EventBus, Publish, TenantBus};
pub use config::{BusConfig, Environment};
pub use envelope::{Envelope, Limits, Metadata};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use event::{Draft, Event, EventDescriptor, IntoDraft, RawEvent, TekupEvent};
pub use handler::{Advise, Context, Handler, HandlerError, HandlerResult, Incoming, IntoOutcome, Outcome};
pub use ids::{
    EventId, EventType, Pattern, SchemaVersion, ServiceName, SubscriptionId, SubscriptionName, TenantId, UserId,
};
pub use priority::Priority;
pub use retry::RetryPolicy;
pub use subscription::{Subscription, SubscriptionHandle};
pub use tekup_macros::TekupEvent;
pub use timestamp::Timestamp;
