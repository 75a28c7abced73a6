//! Pleasant tests for event code.
//!
//! - [`redis`] (feature `redis-server`): a real Redis server as a child process, for tests that need one.

#[cfg(feature = "redis-server")]
pub mod redis;
