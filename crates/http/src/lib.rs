//! Probes and Prometheus metrics of the Tekup event bus, as an axum router that a service nests.
//!
//! ```
//! use tekup_core::EventBus;
//! use tekup_http::Operations;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! let bus = EventBus::in_memory("billing")?;
//! let app: axum::Router = axum::Router::new().merge(Operations::of(&bus).router());
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! | path | asks | answers 503 |
//! |---|---|---|
//! | `/livez` | this process, never the store | when something that works by itself has ended or hangs: restart it |
//! | `/startupz` | nothing new | until the process was ready for the first time |
//! | `/readyz` | the store, every 2 s by one task | after three bad looks in a row, and at once when the bus is shut down |
//! | `/health` | the store, at most every 5 s | while the bus does not do its work ([`Level::Unhealthy`](tekup_core::health::Level::Unhealthy)) |
//! | `/metrics` | this process; the store too, where that is wanted | never |
//!
//! Answers are JSON, but for `/metrics`; `?verbose` adds the reasons. They hold no secrets, and need no login: give them a
//! port of their own, or keep them from the outside.
//!
//! A store that does not answer must not restart every process that uses it, so `/livez` never asks it, and `/readyz`
//! waits for several bad looks. A process whose bus is not there yet answers by [`Joining`]; [`probe`] asks, as a container's
//! health check does.

mod asked;
mod cached;
mod hysteresis;
mod joining;
mod metrics;
mod operations;
mod probes;
mod readiness;
mod serve;
mod shared;
mod store;

pub use asked::{ProbeAnswer, probe};
pub use joining::Joining;
pub use operations::Operations;
pub use serve::serve;
