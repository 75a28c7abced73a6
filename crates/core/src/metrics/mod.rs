//! Counting what happens.

mod meter;
mod tally;

pub(crate) use meter::Meter;
pub(crate) use tally::Tally;
