//! Crashes, proved with real processes: workers are this program run again, killed by their process ids, and what they
//! did is read from a ledger that they append to.
//!
//! Where a safeguard is what saves the events, a second test leaves it out and shows the harm.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod bad_input;
mod child;
mod errand;
mod flushed;
mod frozen;
mod job;
mod joining;
mod killed;
mod later;
mod ledger;
mod lines;
mod lost;
mod orders;
mod paused;
mod poisoned;
mod removing;
mod replaying;
mod replicas;
mod restarted;
mod stopped;
mod taken_over;
mod worker;
mod world;
