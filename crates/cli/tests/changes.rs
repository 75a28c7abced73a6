//! Changes of an event by hand, as whoever merges them sees them: the lock holds how the event was, the program has it as it
//! is.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::process::Command;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_contracts::{Lock, Mode, Registry};
use tekup_core::TekupEvent;

macro_rules! before {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[serde(rename_all = "camelCase")]
        #[event(type = "lead.created", version = "1.0.0")]
        struct $name {
            $($(#[$attribute])* $field: $type,)*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1))]
            company_id: Option<String>,
        }
    };
}

before!(Renamed {
    #[schemars(length(min = 1))]
    lead: String,
    source: String,
    score: f64,
});
before!(Dropped {
    #[schemars(length(min = 1))]
    lead_id: String,
    source: String,
    score: f64,
    region: String,
});
before!(Tightened { lead_id: String, source: String, score: f64 });
before!(Added {
    #[schemars(length(min = 1))]
    lead_id: String,
    score: f64,
});
before!(AddedOptional {
    #[schemars(length(min = 1))]
    lead_id: String,
    source: String,
    score: f64,
});

/// What the program says of its `lead.created` beside the one that was locked, and its exit code.
fn check<Before: TekupEvent>() -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::of([("crm", vec![Before::descriptor()])]).unwrap();
    Lock::at(folder.path()).update(&registry, Mode::default()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tekup"))
        .args(["schema", "check", "--lock", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[track_caller]
fn breaks((told, code): (String, i32), reader_and_field: &[&str]) {
    assert_eq!(code, 3, "{told}");
    for expected in reader_and_field {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_field_that_is_renamed_breaks_both_ways() {
    breaks(
        check::<Renamed>(),
        &[
            "a reader of 1.0.0 can't read 1.0.0 at `data.leadId`: it requires the field, which is not written",
            "at `data.lead`: it requires the field, which is not written",
        ],
    );
}

#[test]
fn a_field_that_is_dropped_breaks_who_reads_the_old_one() {
    breaks(check::<Dropped>(), &["can't read 1.0.0 at `data.region`: it requires the field, which is not written"]);
}

#[test]
fn a_rule_that_is_tightened_breaks_who_reads_what_is_stored() {
    breaks(
        check::<Tightened>(),
        &["at `data.leadId`: it takes a text with a length of 1 or more, and a text is written"],
    );
}

#[test]
fn a_required_field_more_breaks_who_reads_what_is_stored() {
    breaks(check::<Added>(), &["at `data.source`: it requires the field, which is not written"]);
}

#[test]
fn an_optional_field_more_passes_with_a_note() {
    let (told, code) = check::<AddedOptional>();
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("note: `lead.created` 1.0.0 has changed since it was locked, and breaks nobody"), "{told}");
}
