//! The Tekup event bus on Redis 7.0 or newer, or Valkey.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use tekup_core::{Subscription, TekupEvent};
//! # use tekup_testkit::redis::RedisServer;
//!
//! #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
//! struct InvoicePaid {
//!     amount: f64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! # let server = RedisServer::start()?;
//! # let url = server.url();
//! // let url = "redis://localhost:6379";
//! let bus = tekup_redis_transport::connect(url, "billing").await?;
//! let (booked, mut amounts) = tokio::sync::mpsc::unbounded_channel();
//! bus.subscribe(Subscription::to::<InvoicePaid>("ledger").handler_with(booked, async |booked, event, _| {
//!     booked.send(event.data.amount)?;
//!     Ok(())
//! }))
//! .await?;
//!
//! bus.publish(InvoicePaid { amount: 50.0 }.event("tenant-123")).await?;
//! assert_eq!(amounts.recv().await, Some(50.0));
//! bus.shutdown().await
//! # }
//! ```
//!
//! [`connect`] takes an address; [`from_env`] reads all settings from the environment and, with the feature `config-file`,
//! from the file that it names; [`Settings`] tell who has said what, and take flags. By hand, give a [`RedisTransport`], made
//! from a [`RedisConfig`], to [`EventBus::new`](tekup_core::EventBus::new).
//!
//! # How Redis differs
//!
//! - **A lane is a stream** of one event type and one priority, in one *partition*; a tenant's events are all in one
//!   partition. A subscription is a consumer group on each lane that it takes, so an event is stored once for all. All
//!   keys of a partition share a hash tag, and every move between them is one script.
//! - **What is stored outlives every process**, as far as the server keeps its data: without an append-only file, a restart
//!   takes events and subscriptions along.
//! - **A process that dies** is missed after its [lease](tekup_core::BusConfig::lease): then others take over what it held.
//!   One that is stopped in order hands over at once.
//! - **A broken connection** is made anew, and handlers hear nothing of it. A publication that failed with
//!   [`Unavailable`](tekup_core::ErrorKind::Unavailable) may have taken effect: publish it again with the same id.
//! - **Nothing blocks on the server.** A process holds four connections, however many subscriptions it has: for commands,
//!   for reads, for renewing leases on a thread of its own, and for the *bell*, a sharded channel that scripts ring when
//!   there is something to read. A ring may be lost: each source looks everywhere every few seconds.
//! - **Time is the server's.** Delays, leases and expiry never depend on the clocks of processes.
//! - **What comes later** waits in a sorted set of its partition. Every process, also one that only publishes, looks for
//!   what has come due; of several, one at a time publishes it. An id that waits is known however long it waits; to an
//!   event with the same id that is to come at once, only for the dedupe window.
//! - **A full server** (`maxmemory` with `noeviction`) refuses events with
//!   [`Backpressure`](tekup_core::ErrorKind::Backpressure) before it stores any; retries, dead letters and acks go on.
//! - **A server that was restarted or replaced** begins an *epoch*: what was held is lost to its holders, for a new
//!   server may give known entry numbers to other events. It is handed out again.
//! - **What is lost is made anew** while processes run, whether by a flush or an operator's hand: groups, streams, the
//!   registration, the record of the namespace. A subscription reads on behind what it had settled when its lane was last
//!   trimmed, so some events may come again; a stream that was made anew is read from its beginning. It is logged, and
//!   counted in [`SubscriptionHandle::losses`](tekup_core::SubscriptionHandle::losses) by one replica: what a publisher
//!   or whoever trims has made anew is noted in the store until a replica takes the note. Only what can't be made anew stops
//!   a subscription, with [`SubscriptionLost`](tekup_core::ErrorKind::SubscriptionLost): keys of another type, a
//!   permission that is missing.
//! - **Acks of several deliveries of a lane** go in one command, which tells how many were pending, not which. If some were
//!   not, the number of those answered `LeaseLost` is right, and which ones they are is not.
//! - **Limits of a subscription**, the retries that may wait and the dead letters that are kept, hold for each partition.
//! - **A pause and a rate limit** are one hash in the first partition, changed by one script: there is no half of either.
//!   Replicas hear of a change by the bell, and one that misses it looks every few seconds. A flush takes a pause along.
//! - **A rate limit** is handed out by the server, a burst at most in one call, and only to those who ask: a subscription
//!   without one costs nothing.
//! - **Retries** wait in one stream whatever their priority was; they share with events of high priority.

mod admin;
mod audited;
mod config;
mod connect;
mod connection;
mod drops;
mod error;
mod index;
mod info;
mod inspection;
mod key_space;
mod keys;
mod later;
mod layouts;
mod namespace;
mod partition;
mod publisher;
mod record;
mod renewal;
mod safeguard;
mod scheduler;
mod scripts;
mod server;
mod settings;
mod source;
mod state;
#[cfg(test)]
mod testing;
mod trace;
mod transport;
mod troubles;
mod tuning;

pub use admin::RedisAdmin;
pub use config::RedisConfig;
pub use connect::{connect, from_env, from_environment};
pub use inspection::{Memory, PartitionFacts, Persistence, ServerFacts};
#[doc(hidden)]
pub use key_space::KeySpace;
pub use safeguard::Safeguard;
pub use settings::{Settings, sources};
pub use source::RedisSource;
pub use transport::RedisTransport;
