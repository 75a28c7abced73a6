//! What shall happen, as pure functions and values: no clock, no I/O.

mod weights;

pub(crate) use weights::WeightedPick;
