//! Settings from flags, the environment and a file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

mod files;
mod layers;
mod mistakes;
mod scene;
mod secrets;
