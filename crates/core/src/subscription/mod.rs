//! What a service wants to be told, and what it does then.

mod batch;
mod builder;
mod handle;
mod idempotent;
mod settings;

pub use builder::Subscription;
pub use handle::SubscriptionHandle;
pub(crate) use settings::{BatchSettings, Settings};
