//! What arrives at an OTLP receiver.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod batches;
mod chain;
mod collector;
mod contexts;
mod environment;
mod failures;
mod received;
mod service;
