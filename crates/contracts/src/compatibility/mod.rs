//! Whether a change of an event's data breaks those who read it.
//!
//! Asked in serde's terms: what does each reader do with the bytes of each writer? A field that a reader does not know is
//! passed over; one with a default, or an [`Option`], may be absent; a number is no text. What a rule of the data forbids
//! is not read either, so a tightened rule is a break.
//!
//! A field that may be left out is taken to be left out instead of written as null, as by
//! `skip_serializing_if = "Option::is_none"`: a schema does not tell when a field is left out.
//!
//! What is not understood of a schema is compared as it is written, titles, descriptions and defaults aside: it is a break
//! only where it changes.
//!
//! # What is not found
//!
//! What can't be seen in the bytes: a field whose *meaning* changes, or an optional one that is renamed, which is read as
//! absent. Nor what a schema does not tell:
//!
//! - Which keys a map takes: told are whole numbers, with or without a sign, and the values of a closed set. A map whose keys
//!   become smaller numbers, or a `char`, a `bool`, an id or a time instead of a text, reads less than the check says.
//! - `#[serde(with = "..")]` and `deserialize_with` on an [`Option`]: without `default` beside it, serde fails if the field is
//!   absent, and the schema says that it may be. Write `default` too.
//! - Rules that JSON Schema has no words for, such as those of your own.
//!
//! # What is found and is no break
//!
//! - serde's aliases: a renamed field is a break, alias or not.
//! - `#[serde(other)]`, which takes all values that a closed set does not know, is told as one value more. A set that may grow
//!   keeps an [`UnknownValue`](tekup_core::UnknownValue) instead: the check knows it, and the value is kept.
//! - What has too many choices, or too many levels, to be compared.
//! - A list in place of an object: serde reads a struct from the list of its fields, in their order, and nothing should rely
//!   on it.

mod finding;
mod mode;
mod reads;

use serde_json::Value;
use tekup_core::{Error, Result};

pub use finding::Finding;
pub use mode::Mode;

use crate::{contract::Contract, shape::Document};

/// Whether a version of an event breaks readers, given the versions before, in ascending order.
///
/// Only versions of the same major are compared: a new major may break, since readers of another refuse it.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](tekup_core::ErrorKind::InvalidInput) if a schema can't be understood, with its event, its
/// version, `reads` or `writes`, and its place; [`ErrorKind::TooLarge`](tekup_core::ErrorKind::TooLarge) if it has more than 1,000 definitions.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_contracts::{Contract, Mode, compatibility};
/// use tekup_core::TekupEvent;
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "lead.created")]
/// struct Before {
///     lead_id: String,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "lead.created", version = "1.1.0")]
/// struct After {
///     lead_id: String,
///     source: String,
/// }
///
/// let (before, after) = (Contract::of("sales", &Before::descriptor()), Contract::of("sales", &After::descriptor()));
/// let findings = compatibility::check(&[before], &after, Mode::Full)?;
/// assert_eq!(
///     findings[0].to_string(),
///     "`lead.created`: a reader of 1.1.0 can't read 1.0.0 at `data.source`: it requires the field, which is not written"
/// );
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub fn check<'a>(before: impl IntoIterator<Item = &'a Contract>, after: &Contract, mode: Mode) -> Result<Vec<Finding>> {
    let of_this_major: Vec<&Contract> =
        before.into_iter().filter(|before| before.version.major() == after.version.major()).collect();
    let looked_at = if mode.is_transitive() { 0 } else { of_this_major.len().saturating_sub(1) };
    let mut findings = Vec::new();
    for before in of_this_major.into_iter().skip(looked_at) {
        if mode.is_backward() {
            findings.extend(between(before, after)?);
        }
        if mode.is_forward() {
            findings.extend(between(after, before)?);
        }
    }
    Ok(findings)
}

fn between(writer: &Contract, reader: &Contract) -> Result<Vec<Finding>> {
    let written = document(writer, "writes", &writer.writes)?;
    let read = document(reader, "reads", &reader.reads)?;
    let finding = |mismatch: reads::Mismatch| Finding {
        event_type: reader.event_type.clone(),
        reader: reader.version.clone(),
        writer: writer.version.clone(),
        field: mismatch.path,
        why: mismatch.why,
    };
    Ok(reads::mismatches(&written, &read).into_iter().map(finding).collect())
}

/// One of a contract's schemas; its mistakes are told with whose they are.
fn document(contract: &Contract, side: &str, schema: &Value) -> Result<Document> {
    let whose = format!("`{}` {} ({side})", contract.event_type, contract.version);
    Document::read(schema).map_err(|error| {
        let told = error.problems().iter().map(|problem| format!("{whose}: {problem}"));
        Error::from_problems(error.kind(), told.collect())
    })
}
