//! Safe and breaking changes, each proved: a row holds two types only. serde computes the verdict from the bytes of each
//! when the other reads them, and the check must agree, in both directions.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests are tests")]

#[macro_use]
mod row;

mod proof;
mod samples;

mod limits;
mod mistakes;
mod rows;
mod zoo;
