//! The Tekup event bus on Redis 7.0 or newer, or Valkey.
//!
//! [`RedisTransport`] stores and moves the events of a bus; [`RedisConfig`] says where, and under which namespace.
//!
//! ```
//! use tekup_redis_transport::RedisConfig;
//!
//! let config = RedisConfig::new("redis://localhost:6379").namespace("shop");
//! config.check()?;
//! # Ok::<(), tekup_core::Error>(())
//! ```
//!
//! # How Redis differs
//!
//! - **A lane is a stream** of one event type and one priority, in one *partition*; a tenant's events are all in one
//!   partition. A subscription is a consumer group on each lane that it takes, so an event is stored once for all. All
//!   keys of a partition share a hash tag, and every move between them is one script.
//! - **Nothing blocks on the server.** A process holds four connections, however many subscriptions it has: for commands,
//!   for reads, for renewing leases on a thread of its own, and for the *bell*, a sharded channel that scripts ring when
//!   there is something to read. A ring may be lost: each source looks everywhere every few seconds.
//! - **Time is the server's.** Delays, leases and expiry never depend on the clocks of processes.
//! - **A full server** (`maxmemory` with `noeviction`) refuses events with
//!   [`Backpressure`](tekup_core::ErrorKind::Backpressure) before it stores any; retries, dead letters and acks go on.
//! - **A server that was restarted or replaced** begins an *epoch*: what was held is lost to its holders, for a new
//!   server may give known entry numbers to other events. It is handed out again.
//! - **A lost group**, after a flush or by an operator's hand, is made anew where the subscription began, and `fetch`
//!   says so once with [`SubscriptionLost`](tekup_core::ErrorKind::SubscriptionLost): events may come again.
//! - **Acks of several deliveries of a lane** go in one command, which tells how many were pending, not which. If some were
//!   not, the number of those answered `LeaseLost` is right, and which ones they are is not.
//! - **Limits of a subscription**, the retries that may wait and the dead letters that are kept, hold for each partition.
//! - **Retries** wait in one stream whatever their priority was; they share with events of high priority.

mod admin;
mod config;
mod connection;
mod error;
mod index;
mod keys;
mod namespace;
mod partition;
mod publisher;
mod renewal;
mod scripts;
mod server;
mod source;
#[cfg(test)]
mod testing;
mod transport;
mod tuning;

pub use admin::RedisAdmin;
pub use config::RedisConfig;
pub use source::RedisSource;
pub use transport::RedisTransport;
