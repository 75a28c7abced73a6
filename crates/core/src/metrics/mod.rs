//! Counting what happens.

mod histogram;
mod latency;
mod meter;
mod tally;
mod timings;

pub use histogram::{EndToEndTimes, HandlingTimes, Histogram};
pub use latency::{Latencies, Latency, LatencyDelta};
pub(crate) use meter::Meter;
pub(crate) use tally::Tally;
pub(crate) use timings::Timed;
