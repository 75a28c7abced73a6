//! What events promise to those who read them.
//!
//! An event is a contract between teams that never meet. This crate holds each event to it. A [`Registry`] holds the
//! [`Contract`]s that a program knows; [`Validation`] holds untyped events to their schemas; [`compatibility`] tells which
//! readers a change would break, before it is merged, beside a [`Lock`] of yesterday's contracts. [`AsyncApi`] and
//! [`cloudevents`] are for those who write and read events in other languages.
//!
//! | feature | default | what it is |
//! |---|---|---|
//! | `auto-register` | no | `Registry::registered`: all events that are compiled into a program |

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
