//! What events promise to those who read them.
//!
//! An event is a contract between teams that never meet. This crate holds each event to it: [`compatibility`] tells which
//! readers a change would break, before it is merged. [`cloudevents`] is for readers outside.

mod asyncapi;
mod canonical;
pub mod cloudevents;
pub mod compatibility;
mod contract;
pub mod lock;
mod place;
mod registry;
mod shape;
mod strict;
mod validation;

pub use asyncapi::AsyncApi;
pub use compatibility::{Finding, Mode};
pub use contract::Contract;
pub use lock::Lock;
pub use registry::Registry;
pub use validation::Validation;
