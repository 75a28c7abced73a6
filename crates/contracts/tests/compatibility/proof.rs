//! What serde does with the bytes of each of two types when the other reads them, beside what the check says of it.

use garde::Validate;
use serde::{Serialize, de::DeserializeOwned};
use tekup_contracts::{Contract, Finding, Mode, compatibility};
use tekup_core::TekupEvent;

use crate::samples;

/// A type of a row.
pub(crate) trait Row: TekupEvent + Serialize + DeserializeOwned + Validate<Context = ()> {}

impl<T: TekupEvent + Serialize + DeserializeOwned + Validate<Context = ()>> Row for T {}

/// Asserts that the check finds what serde does, in both directions.
#[track_caller]
pub(crate) fn agrees<Before: Row, After: Row>() {
    let (before, after) = (Contract::of("sales", &Before::descriptor()), Contract::of("sales", &After::descriptor()));
    let findings = |mode| compatibility::check(std::slice::from_ref(&before), &after, mode).unwrap();
    assert_agrees("backward", &failure::<Before, After>(&before, &after), &findings(Mode::Backward));
    assert_agrees("forward", &failure::<After, Before>(&after, &before), &findings(Mode::Forward));
}

#[track_caller]
fn assert_agrees(direction: &str, failure: &Option<String>, findings: &[Finding]) {
    let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
    match failure {
        Some(told) => assert!(!found.is_empty(), "{direction}: not found, but serde says: {told}"),
        None => assert!(found.is_empty(), "{direction}: serde reads all, but the check says: {found:#?}"),
    }
}

/// What the reader makes of the first bytes that it can't read, of all that the writer writes.
#[track_caller]
fn failure<Writer: Row, Reader: Row>(writer: &Contract, reader: &Contract) -> Option<String> {
    let written = written::<Writer>(writer, reader);
    assert!(!written.is_empty(), "nothing was written: {}", writer.writes);
    written.iter().find_map(|json| read::<Reader>(json).err().map(|told| format!("{told} in {json}")))
}

/// The bytes that a type writes, for all samples that it can hold itself.
fn written<Writer: Row>(writer: &Contract, reader: &Contract) -> Vec<String> {
    let samples = samples::of(&writer.writes, &reader.reads);
    let held = samples.iter().filter_map(|sample| read::<Writer>(&sample.to_string()).ok());
    held.map(|value| serde_json::to_string(&value).unwrap()).collect()
}

/// As the bus reads: by serde, and then by the rules.
fn read<Reader: Row>(json: &str) -> Result<Reader, String> {
    let read: Reader = serde_json::from_str(json).map_err(|error| error.to_string())?;
    read.validate().map_err(|report| report.to_string())?;
    Ok(read)
}
