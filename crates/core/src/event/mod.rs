//! Events: typed, raw, and on their way to be published.

mod batch;
mod descriptor;
mod draft;
mod raw;
#[cfg(feature = "auto-register")]
mod registered;
mod schema;
mod typed;
mod unknown;
mod version;

pub use batch::EventBatch;
pub use descriptor::EventDescriptor;
pub use draft::{Draft, IntoDraft};
pub use raw::RawEvent;
#[cfg(feature = "auto-register")]
pub use registered::{Registered, registered};
pub(crate) use schema::schema_of;
pub use typed::{Event, TekupEvent};
pub use unknown::UnknownValue;
pub(crate) use version::upcast;
