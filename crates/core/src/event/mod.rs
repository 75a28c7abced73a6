//! Events: typed, raw, and on their way to be published.

mod descriptor;
mod draft;
mod raw;
mod typed;

pub use descriptor::EventDescriptor;
pub use draft::{Draft, IntoDraft};
pub use raw::RawEvent;
pub use typed::{Event, TekupEvent};
