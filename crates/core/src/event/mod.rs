//! Events: typed, raw, and on their way to be published.

mod batch;
mod descriptor;
mod draft;
mod raw;
mod schema;
mod typed;
mod unknown;
mod version;

pub use batch::EventBatch;
pub use descriptor::EventDescriptor;
pub use draft::{Draft, IntoDraft};
pub use raw::RawEvent;
pub(crate) use schema::schema_of;
pub use typed::{Event, TekupEvent};
pub use unknown::UnknownValue;
pub(crate) use version::upcast;
