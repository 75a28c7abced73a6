//! The lock folder: what passes, what breaks, and what was changed by hand.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{error::Error as _, fs};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_contracts::{Lock, Mode, Registry, lock::Note};
use tekup_core::{ErrorKind, EventDescriptor, TekupEvent};

macro_rules! event {
    ($name:ident, $event_type:literal, $version:literal, { $($field:tt)* }) => {
        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[event(type = $event_type, version = $version)]
        struct $name { $($field)* }
    };
}

event!(First, "lead.created", "1.0.0", { id: String });
event!(WithNote, "lead.created", "1.0.0", { id: String, note: Option<String> });
event!(Minor, "lead.created", "1.1.0", { id: String, note: Option<String> });
event!(Broken, "lead.created", "1.1.0", { id: String, source: String });
event!(Major, "lead.created", "2.0.0", { id: String, source: String });
event!(BrokenAgain, "lead.created", "1.2.0", { id: u64, note: Option<String> });
event!(Number, "lead.created", "1.0.0", { id: String, x: Option<f64> });
event!(WordMinor, "lead.created", "1.1.0", { id: String, x: Option<String> });
event!(Another, "lead.scored", "1.0.0", { score: f64 });

fn registry(descriptors: &[EventDescriptor]) -> Registry {
    Registry::of([("crm", descriptors.to_vec())]).unwrap()
}

/// A folder in which these are locked.
fn locked(descriptors: &[EventDescriptor]) -> (tempfile::TempDir, Lock) {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::at(folder.path().join("schemas"));
    lock.update(&registry(descriptors), Mode::default()).unwrap();
    (folder, lock)
}

fn only_file(lock: &Lock) -> std::path::PathBuf {
    lock.path().join("lead.created").join("1.0.0.json")
}

#[test]
fn what_is_locked_passes_and_is_not_written_again() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    let registry = registry(&[First::descriptor()]);
    let report = lock.check(&registry, Mode::default()).unwrap();
    assert!(report.findings.is_empty() && report.notes.is_empty());
    assert_eq!(lock.update(&registry, Mode::default()).unwrap(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_optional_field_more_passes_with_a_note_and_is_locked_only_as_an_amendment() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    let before = fs::read(only_file(&lock)).unwrap();
    let registry = registry(&[WithNote::descriptor(), Another::descriptor()]);
    let report = lock.check(&registry, Mode::default()).unwrap();
    assert!(!report.breaks() && report.findings.is_empty());
    assert!(matches!(&report.notes[..], [Note::Changed(..), Note::New(..)]), "{:?}", report.notes);

    let error = lock.update(&registry, Mode::default()).unwrap_err();
    assert_eq!((error.kind(), error.problems()), (ErrorKind::Incompatible, &[report.notes[0].to_string()][..]));
    for advice in ["raise its minor version", "run `schema lock --amend` if 1.0.0 was never deployed"] {
        assert!(error.to_string().contains(advice), "{error}");
    }
    assert_eq!((fs::read(only_file(&lock)).unwrap(), lock.contracts().unwrap().len()), (before, 1));

    assert_eq!(lock.amend(&registry, Mode::default()).unwrap().len(), 2);
    assert!(lock.check(&registry, Mode::default()).unwrap().notes.is_empty());
}

#[test]
fn a_field_that_comes_back_as_another_is_found_for_what_was_locked_is_kept() {
    let (_folder, lock) = locked(&[Number::descriptor()]);
    let error = lock.update(&registry(&[First::descriptor()]), Mode::default()).unwrap_err();
    assert!(error.to_string().contains("1.0.0 has changed since it was locked"), "{error}");
    let error = lock.amend(&registry(&[WordMinor::descriptor()]), Mode::default()).unwrap_err();
    assert!(error.to_string().contains("a reader of 1.1.0 can't read 1.0.0 at `data.x`"), "{error}");
    assert_eq!(lock.contracts().unwrap().len(), 1);
}

#[test]
fn an_amendment_that_breaks_is_refused() {
    let (_folder, lock) = locked(&[Minor::descriptor()]);
    let error = lock.amend(&registry(&[Broken::descriptor()]), Mode::default()).unwrap_err();
    assert!(error.to_string().contains("at `data.source`"), "{error}");
}

mod described {
    use super::{Deserialize, JsonSchema, Serialize, TekupEvent};

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Kind {
        Won,
        /// Not ours.
        Lost,
        Open,
    }

    /// A lead is known.
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "lead.rated", version = "1.0.0", priority = "high")]
    #[schemars(title = "Rated", example = "an example")]
    pub(super) struct Rated {
        /// In points.
        #[serde(default = "few")]
        #[schemars(extend("x-unit" = "points"))]
        score: f64,
        /// How it ended.
        kind: Kind,
    }

    fn few() -> f64 {
        2.0
    }
}

mod plain {
    use super::{Deserialize, JsonSchema, Serialize, TekupEvent};

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Kind {
        Won,
        Lost,
        Open,
    }

    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "lead.rated", version = "1.0.0")]
    pub(super) struct Rated {
        #[serde(default)]
        score: f64,
        kind: Kind,
    }
}

mod sensitive {
    use super::{Deserialize, JsonSchema, Serialize, TekupEvent};

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Kind {
        Won,
        Lost,
        Open,
    }

    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "lead.rated", version = "1.0.0", audit)]
    pub(super) struct Rated {
        #[serde(default)]
        score: f64,
        kind: Kind,
    }
}

#[test]
fn descriptions_priority_domain_and_audit_are_written_over_what_is_locked() {
    let of = |domain, event| Registry::of([(domain, vec![event])]).unwrap();
    let versions = [
        of("crm", described::Rated::descriptor()),
        of("crm", plain::Rated::descriptor()),
        of("sales", plain::Rated::descriptor()),
        of("sales", sensitive::Rated::descriptor()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::at(folder.path());
    lock.update(&of("crm", plain::Rated::descriptor()), Mode::default()).unwrap();
    for registry in versions {
        let report = lock.check(&registry, Mode::default()).unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(matches!(&report.notes[..], [Note::Described(..)]), "{:?}", report.notes);
        assert!(report.notes[0].to_string().ends_with("run `schema lock`"));
        assert_eq!(lock.update(&registry, Mode::default()).unwrap().len(), 1);
        assert!(lock.check(&registry, Mode::default()).unwrap().notes.is_empty());
    }
}

#[test]
fn a_required_field_more_breaks_is_told_by_field_and_reader_and_is_not_locked() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    let registry = registry(&[Broken::descriptor()]);
    let report = lock.check(&registry, Mode::default()).unwrap();
    assert!(report.breaks());
    let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`lead.created`: a reader of 1.1.0 can't read 1.0.0 at `data.source`: it requires the field, which is not written"
        ]
    );
    let error = lock.update(&registry, Mode::default()).unwrap_err();
    assert_eq!((error.kind(), error.problems()), (ErrorKind::Incompatible, &told[..]));
    assert_eq!(lock.contracts().unwrap().len(), 1);
}

#[test]
fn a_new_major_may_break_and_both_stay_locked() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    let registry = registry(&[Major::descriptor()]);
    assert!(!lock.check(&registry, Mode::default()).unwrap().breaks());
    lock.update(&registry, Mode::default()).unwrap();
    let versions: Vec<String> = lock.contracts().unwrap().iter().map(|one| one.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "2.0.0"]);
}

#[test]
fn a_transitive_check_looks_at_all_versions_and_another_at_the_last() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    lock.update(&registry(&[Minor::descriptor()]), Mode::default()).unwrap();
    let registry = registry(&[BrokenAgain::descriptor()]);
    let readers = |mode| lock.check(&registry, mode).unwrap().findings.len();
    assert_eq!((readers(Mode::FullTransitive), readers(Mode::Full)), (4, 2));
    assert_eq!((readers(Mode::BackwardTransitive), readers(Mode::Forward)), (2, 1));
}

#[test]
fn an_event_that_is_gone_or_taken_back_breaks_and_a_new_one_is_only_noted() {
    let (_folder, lock) = locked(&[First::descriptor(), Minor::descriptor()]);
    let gone = lock.check(&registry(&[Another::descriptor()]), Mode::default()).unwrap();
    assert!(gone.breaks());
    assert_eq!(gone.notes.len(), 2, "the new event, and the one that is gone once: {:?}", gone.notes);
    let back = lock.check(&registry(&[First::descriptor()]), Mode::default()).unwrap();
    assert!(matches!(&back.notes[..], [Note::TakenBack(_, version)] if version.to_string() == "1.1.0"));
    let more =
        lock.check(&registry(&[First::descriptor(), Minor::descriptor(), Another::descriptor()]), Mode::default());
    assert!(!more.unwrap().breaks());
}

#[test]
fn a_file_that_was_changed_by_hand_is_refused_by_its_path() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    let file = only_file(&lock);
    let good = fs::read_to_string(&file).unwrap();
    let changed = [
        good.replace("\"string\"", "\"number\""),
        good.replace("\"medium\"", "\"high\""),
        good.replacen('{', "{\n  \"domain\": \"sales\",", 1),
        good.replace('\n', ""),
        good[..good.len() / 2].to_owned(),
        "[]".into(),
        "{}".into(),
        String::new(),
        "[".repeat(10_000),
    ];
    for text in changed {
        fs::write(&file, &text).unwrap();
        let error = lock.contracts().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let told = error.to_string();
        assert!(told.contains("1.0.0.json` was changed by hand"), "{told}");
    }
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(lock.contracts().unwrap_err().to_string().contains("no UTF-8"));
}

#[test]
fn a_file_under_another_name_is_refused() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    fs::rename(only_file(&lock), lock.path().join("lead.created").join("1.0.1.json")).unwrap();
    assert!(lock.contracts().unwrap_err().to_string().contains("its name is not that of its event and version"));
}

#[test]
fn a_file_that_is_larger_than_any_contract_is_not_read() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    fs::write(only_file(&lock), vec![b' '; 5 << 20]).unwrap();
    assert!(lock.contracts().unwrap_err().to_string().contains("no contract has more"));
}

#[test]
fn what_is_no_contract_by_its_place_is_left_alone() {
    let (_folder, lock) = locked(&[First::descriptor()]);
    fs::write(lock.path().join("README.md"), "how to").unwrap();
    fs::write(lock.path().join("lead.created").join("notes.txt"), "why").unwrap();
    fs::create_dir(lock.path().join("lead.created").join("9.9.9.json")).unwrap();
    assert_eq!(lock.contracts().unwrap().len(), 1);
}

#[test]
fn a_folder_that_holds_no_contract_passes_nothing_and_can_be_locked() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&[First::descriptor()]);
    for lock in [Lock::at(folder.path().join("absent")), Lock::at(folder.path())] {
        let error = lock.check(&registry, Mode::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let expected = format!("no event is locked in `{}`: run `tekup schema lock`", lock.path().display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        lock.update(&registry, Mode::default()).unwrap();
        assert!(!lock.check(&registry, Mode::default()).unwrap().breaks());
    }
}

#[test]
fn what_can_not_be_read_is_told_by_its_path_and_its_cause_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schemas");
    fs::write(&path, "a file").unwrap();
    let lock = Lock::at(&path);
    let registry = registry(&[First::descriptor()]);
    for error in [lock.contracts().unwrap_err(), lock.update(&registry, Mode::default()).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.to_string(), format!("`{}` can't be read", path.display()));
        assert!(error.source().unwrap().is::<std::io::Error>());
    }
}
