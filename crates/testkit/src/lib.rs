//! Pleasant tests for event code.
//!
//! - [`TestBus`]: a bus on a paused clock, with assertions on what was published, finished, retried and given up.
//! - [`run_handler`]: one call of a handler, without a bus.
//! - [`conformance`]: the suite that every transport passes, entered by one line.
//! - `redis` (feature `redis-server`): a real Redis server as a child process, gone when the test is.

mod bus;
pub mod conformance;
#[cfg(feature = "redis-server")]
pub mod redis;
mod watched;

pub use bus::{DeadLettered, HandlerRun, Retried, TestBus, run_handler};
