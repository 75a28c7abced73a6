//! Handlers of many events at once.

mod context;
mod outcome;
mod route;

pub(crate) use context::Attempts;
pub use context::BatchContext;
pub use outcome::{BatchOutcome, IntoBatchOutcome};
pub(crate) use route::{BatchRoute, Call, ErasedBatch, Sifted, TypedBatch};
