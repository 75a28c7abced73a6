//! Spans to OpenTelemetry.

mod propagator;
mod traces;

pub use traces::{Traces, init_traces};
