//! What events promise to those who read them.
//!
//! An event is a contract between teams that never meet. This crate holds each event to it: [`compatibility`] tells which
//! readers a change would break, before it is merged.

pub mod compatibility;
mod contract;
mod shape;

pub use compatibility::{Finding, Mode};
pub use contract::Contract;
