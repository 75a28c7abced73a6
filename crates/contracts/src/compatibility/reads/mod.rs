//! Whether a reader reads all that a writer may write, in serde's terms: fields that a reader does not know are passed
//! over, what has a default may be absent, a number is not a text.

mod alternatives;
mod parts;
mod plain;
mod told;
mod verdicts;

use alternatives::Alternatives;
use parts::{Demand, parts};
use verdicts::Verdicts;

use crate::shape::Document;

/// A place at which a reader fails, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mismatch {
    pub(super) path: String,
    pub(super) why: String,
}

/// Where all data begins.
const ROOT: &str = "data";

/// The places at which the reader may fail; what lies at several places is told at one of them.
pub(super) fn mismatches(writer: &Document, reader: &Document) -> Vec<Mismatch> {
    let mut verdicts = Verdicts::of(writer, reader);
    let found = told::mismatches(&mut verdicts);
    match verdicts.gave_up() {
        Some(why) => vec![Mismatch { path: ROOT.into(), why: why.into() }],
        None => found,
    }
}

#[cfg(test)]
mod tests;
