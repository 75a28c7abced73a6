//! Pleasant tests for event code.
//!
//! - [`TestBus`]: a bus on a paused clock, with assertions on what was published, finished, retried and given up.
//! - [`run_handler`], [`run_batch_handler`]: one call of a handler, without a bus.
//! - [`conformance`]: the suite that every transport passes, entered by one line.
//! - [`wire`]: events as other programs write and read them.
//! - `redis` (feature `redis-server`): a real Redis server as a child process, gone when the test is.

mod bus;
pub mod conformance;
mod fail;
#[cfg(feature = "redis-server")]
pub mod redis;
mod watched;
pub mod wire;

pub use bus::{BatchRun, DeadLettered, HandlerRun, Retried, TestBus, run_batch_handler, run_handler};
