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

/// Asserts that the new type can't read what the old one writes, and that the check does not see it.
#[track_caller]
pub(crate) fn is_not_found<Before: Row, After: Row>() {
    let (failure, findings) = backward::<Before, After>();
    assert!(failure.is_some(), "serde reads all: a row of its own");
    assert!(findings.is_empty(), "it is found by now, a row of its own: {findings:?}");
}

/// Asserts that the new type reads all that the old one writes, and that the check finds a break.
#[track_caller]
pub(crate) fn is_found_in_vain<Before: Row, After: Row>() {
    let (failure, findings) = backward::<Before, After>();
    assert!(failure.is_none(), "it is a break, a row of its own: {failure:?}");
    assert!(!findings.is_empty(), "it is not found any more: a row of its own");
}

#[track_caller]
fn backward<Before: Row, After: Row>() -> (Option<String>, Vec<Finding>) {
    let (before, after) = (Contract::of("sales", &Before::descriptor()), Contract::of("sales", &After::descriptor()));
    let findings = compatibility::check([&before], &after, Mode::Backward).unwrap();
    (failure::<Before, After>(&before, &after), findings)
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
