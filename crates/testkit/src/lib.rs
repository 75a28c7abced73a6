//! Pleasant tests for event code.
//!
//! - [`conformance`]: the suite that every transport passes, entered by one line.
//! - [`redis`](https://docs.rs/tekup-testkit) (feature `redis-server`): a real Redis server as a child process, gone
//!   when the test is.

pub mod conformance;
#[cfg(feature = "redis-server")]
pub mod redis;
