//! Telling every replica, and none that is away.

mod builder;
mod handle;
mod listener;
mod set;

pub use builder::Broadcast;
pub use handle::BroadcastHandle;
pub(crate) use listener::Listener;
pub(crate) use set::Listeners;
