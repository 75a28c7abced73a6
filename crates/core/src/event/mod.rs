//! Events: typed, raw, and on their way to be published.

mod batch;
mod correlation;
mod descriptor;
mod digest;
mod draft;
mod filter;
mod raw;
#[cfg(feature = "auto-register")]
mod registered;
mod schema;
mod tenant_context;
mod typed;
mod unknown;
mod version;
mod violations;

pub use batch::EventBatch;
pub use correlation::Correlation;
pub use descriptor::EventDescriptor;
pub use digest::EventDigest;
pub use draft::{Draft, IntoDraft};
pub use filter::EventFilter;
pub use raw::RawEvent;
#[cfg(feature = "auto-register")]
pub use registered::{Registered, registered};
pub(crate) use schema::schema_of;
pub use tenant_context::TenantContext;
pub use typed::{Event, TekupEvent};
pub use unknown::UnknownValue;
pub(crate) use version::upcast;
pub(crate) use violations::violations;
