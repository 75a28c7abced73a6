//! Changes of an event by hand, as whoever merges them sees them: the lock holds how the event was, the program has it as it
//! is.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{fs, process::Command};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tekup_contracts::{Lock, Mode, Registry};
use tekup_core::{EventDescriptor, TekupEvent};
use tekup_events_crm::LeadCreated;
use tempfile::TempDir;

macro_rules! before {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[serde(rename_all = "camelCase")]
        #[event(type = "lead.created", version = "1.0.0", priority = "critical")]
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

before!(Removed {
    #[schemars(length(min = 1))]
    lead_id: String,
    source: String,
    score: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<f64>,
});

/// An event that the program does not have.
#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.lost", version = "1.0.0")]
struct Lost {
    reason: String,
}

/// A folder in which these are locked, under a domain that is not that of the program.
fn locked(descriptors: Vec<EventDescriptor>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::of([("sales", descriptors)]).unwrap();
    Lock::at(folder.path()).update(&registry, Mode::default()).unwrap();
    folder
}

/// What the program says beside what is locked, and its exit code.
fn schema(folder: &TempDir, args: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tekup"))
        .arg("schema")
        .args(args)
        .args(["--lock", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn json(folder: &TempDir, args: &[&str]) -> (Value, i32) {
    let (told, code) = schema(folder, &[args, &["--output", "json"]].concat());
    (serde_json::from_str(&told).unwrap(), code)
}

/// What the program says of its `lead.created` beside the one that was locked, and its exit code.
fn check<Before: TekupEvent>() -> (String, i32) {
    schema(&locked(vec![Before::descriptor()]), &["check"])
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

#[test]
fn a_field_that_is_removed_passes_and_is_not_locked_at_the_same_version_but_as_an_amendment() {
    let folder = locked(vec![Removed::descriptor()]);
    let file = folder.path().join("lead.created/1.0.0.json");
    let before = fs::read(&file).unwrap();
    let changed = "`lead.created` 1.0.0 has changed since it was locked, and breaks nobody: raise its minor version, or \
                   run `schema lock --amend` if 1.0.0 was never deployed";
    let (told, code) = schema(&folder, &["check"]);
    assert_eq!((code, told.contains(&format!("note: {changed}\n"))), (0, true), "{told}");
    assert_eq!(schema(&folder, &["lock"]), (format!("refused: {changed}\nnothing was written\n"), 3));
    assert_eq!(json(&folder, &["lock"]), (json!({"written": [], "refused": [changed]}), 3));
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let (answer, code) = json(&folder, &["lock", "--amend"]);
    assert_eq!((code, &answer["refused"]), (0, &json!([])));
    let written = answer["written"].as_array().unwrap();
    assert_eq!((written.len(), written.contains(&file.to_str().unwrap().into())), (19, true), "{answer}");
    assert_eq!(schema(&folder, &["check", "--locked"]).1, 0);
}

#[test]
fn another_domain_is_locked_at_the_same_version() {
    let folder = locked(vec![LeadCreated::descriptor()]);
    let (told, code) = schema(&folder, &["check"]);
    assert_eq!((code, told.contains("`lead.created` 1.0.0 is locked with the same data")), (0, true), "{told}");
    let (told, code) = schema(&folder, &["lock"]);
    assert_eq!((code, told.lines().count()), (0, 19), "{told}");
    assert_eq!(schema(&folder, &["check", "--locked"]).1, 0);
}

#[test]
fn a_difference_is_that_of_the_whole_lock() {
    let (told, _) = schema(&locked(vec![Added::descriptor()]), &["diff", "lead.created"]);
    assert!(told.starts_with("--- lead.created 1.0.0 (locked)\n+++ lead.created 1.0.0 (now)\n"), "{told}");
    for line in ["-  \"domain\": \"sales\",", "+  \"domain\": \"crm\",", "+  \"priority\": \"medium\","] {
        assert!(told.lines().any(|told| told == line), "{line}: {told}");
    }
    let of_reads_and_writes = told.lines().filter(|line| *line == "+      \"source\": {").count();
    assert_eq!(of_reads_and_writes, 2, "{told}");
}

#[test]
fn a_difference_ends_with_what_a_check_says() {
    let folder = locked(vec![Added::descriptor(), Lost::descriptor()]);
    let ((told, code), (checked, _)) = (schema(&folder, &["diff"]), schema(&folder, &["check"]));
    let (found, _verdict) = checked.trim_end().rsplit_once('\n').unwrap();
    assert_eq!((code, told.trim_end().ends_with(found)), (3, true), "{told}");
    for expected in [
        "breaks: `lead.created`: a reader of 1.0.0 can't read 1.0.0 at `data.source`",
        "breaks: `lead.lost` is locked, and this program has no such event",
        "note: `lead.scored` 1.0.0 is not locked yet",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn a_difference_is_told_of_one_event_to_programs_and_in_the_given_mode() {
    let folder = locked(vec![Added::descriptor(), Lost::descriptor()]);
    let (answer, code) = json(&folder, &["diff", "lead.created"]);
    assert_eq!((code, &answer["breaks"]), (3, &true.into()));
    let [change] = &answer["changes"].as_array().unwrap()[..] else { panic!("{answer:#}") };
    assert_eq!((&change["type"], &change["locked"]), (&"lead.created".into(), &"1.0.0".into()));
    assert!(change["diff"].as_str().unwrap().starts_with("--- lead.created 1.0.0 (locked)\n"));
    assert_eq!(answer["findings"][0]["field"], "data.source");
    assert_eq!(answer["notes"], json!([]));

    let (answer, code) = json(&folder, &["diff", "lead.created", "--mode", "forward"]);
    assert_eq!((code, &answer["findings"]), (0, &json!([])), "who reads the old one needs no source");
    let (answer, code) = json(&folder, &["diff", "lead.lost"]);
    assert_eq!((code, &answer["changes"], answer["notes"].as_array().unwrap().len()), (3, &json!([]), 1));
    let (answer, code) = json(&folder, &["diff", "lead.scored"]);
    assert_eq!((code, &answer["changes"], &answer["notes"][0]["breaks"]), (0, &json!([]), &false.into()));
}
