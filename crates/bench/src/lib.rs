//! How fast the bus is, beside what a good engineer would write by hand on the same server.
//!
//! ```text
//! cargo run --release -p tekup-bench --bin bench -- --json
//! ```
//!
//! Starts a Redis server of its own. In each round the hand-written loop and the bus take turns, so that whatever else
//! the machine does weighs on both; figures are medians of rounds, and ratios are medians of the bus's rate by the
//! hand-written one in the same round.

pub mod args;
pub mod by_hand;
pub mod commands;
pub mod measure;
pub mod on_bus;
pub mod report;
pub mod round;
pub mod sample;
pub mod scenario;
