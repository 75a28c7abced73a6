//! What this process has counted: [`EventBus::process_metrics`](crate::EventBus::process_metrics).

mod activity;
mod distribution;
mod histogram;
mod latency;
mod meter;
mod process;
mod tally;
mod timings;

pub(crate) use activity::Attempted;
pub use distribution::Distribution;
#[doc(no_inline)]
pub use histogram::{EndToEndTimes, HandlingTimes, Histogram};
#[doc(no_inline)]
pub use latency::{Latencies, Latency, LatencyDelta};
pub(crate) use meter::Meter;
pub use process::{AttemptMetrics, ProcessMetrics, PublishedMetrics};
pub(crate) use tally::Tally;
pub(crate) use timings::Timed;
