//! What this process has counted: [`EventBus::process_metrics`](crate::EventBus::process_metrics).

mod activity;
mod attempted;
mod distribution;
mod histogram;
mod labels;
mod latency;
mod meter;
mod process;
mod stored;
mod tally;
mod timings;

pub(crate) use attempted::Attempted;
pub use distribution::Distribution;
#[doc(no_inline)]
pub use histogram::{EndToEndTimes, HandlingTimes, Histogram};
#[doc(no_inline)]
pub use latency::{Latencies, Latency, LatencyDelta};
pub(crate) use meter::Meter;
pub use process::{AttemptMetrics, ProcessMetrics, PublishedMetrics};
pub(crate) use stored::Stored;
pub(crate) use tally::Tally;
pub(crate) use timings::Timed;
