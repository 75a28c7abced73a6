//! Typed events, subscriptions and the transport seam of the Tekup event bus.

mod envelope;
mod error;
mod event;
mod ids;
pub mod memory;
mod policy;
mod priority;
mod timestamp;
pub mod transport;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use envelope::{Envelope, Limits, Metadata};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use event::{Draft, Event, EventDescriptor, IntoDraft, RawEvent, TekupEvent};
pub use ids::{
    EventId, EventType, Pattern, SchemaVersion, ServiceName, SubscriptionId, SubscriptionName, TenantId, UserId,
};
pub use priority::Priority;
pub use tekup_macros::TekupEvent;
pub use timestamp::Timestamp;
