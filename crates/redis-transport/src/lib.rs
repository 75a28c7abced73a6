//! The Tekup event bus on Redis (7.0 or newer) or Valkey, on a single server.
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
//! [`connect`] takes an address, [`from_env`] reads `REDIS_URL` and the settings of the bus; for all settings give a
//! [`RedisTransport`], made from a [`RedisConfig`], to [`EventBus::new`](tekup_core::EventBus::new).
//!
//! # How Redis differs from memory
//!
//! - Events, positions, retries and dead letters outlive every process, as far as Redis keeps its data: what a server
//!   without an append-only file held is gone after its restart, with its subscriptions.
//! - Time is the server's: the clocks of the processes decide nothing.
//! - A process that dies is missed only after its lease ([`BusConfig::lease`](tekup_core::BusConfig), 30 s): then others
//!   take over what it held. One that is stopped in order hands over at once.
//! - A connection that breaks is made anew. Meanwhile `publish` fails with
//!   [`Unavailable`](tekup_core::ErrorKind::Unavailable) when its time is over: it may have taken effect, so publish again
//!   with the same id. Handlers never see an outage. When the *server* was restarted or replaced, what was held before is
//!   not settled any more but handled again, for a new server may give an old entry's number to another event.
//! - A subscription whose group an operator has destroyed stops with
//!   [`SubscriptionLost`](tekup_core::ErrorKind::SubscriptionLost); others go on.
//! - When memory is full, `publish` is refused with [`Backpressure`](tekup_core::ErrorKind::Backpressure), while settling
//!   goes on. Set `maxmemory-policy noeviction`, else Redis may evict events.
//! - Renewal of leases has a thread of its own, so that a handler that blocks keeps its lease.

mod admin;
mod config;
mod connect;
mod connection;
mod error;
mod index;
mod keys;
mod namespace;
mod partition;
mod publisher;
mod renewal;
mod safeguard;
mod scripts;
mod server;
mod source;
#[cfg(test)]
mod testing;
mod transport;

pub use admin::RedisAdmin;
pub use config::RedisConfig;
pub use connect::{connect, from_env, from_environment};
#[doc(hidden)]
pub use safeguard::Safeguard;
pub use source::RedisSource;
pub use transport::RedisTransport;
