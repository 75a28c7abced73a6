//! `tekup schema`.

use super::*;

#[test]
fn the_nineteen_events_are_listed_with_version_domain_priority_and_fingerprint() {
    let output = tekup(&["schema", "ls", "--output", "json"]);
    assert_eq!(code(&output), 0, "{}", blamed(&output));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), 19);
    for row in &rows {
        assert_eq!(row["version"], "1.0.0");
        assert!(row["domain"].is_string() && row["priority"].is_string());
        assert_eq!(row["fingerprint"].as_str().unwrap().len(), 64);
    }
    let of = |event_type: &str| rows.iter().find(|row| row["type"] == event_type).unwrap();
    assert_eq!(
        (&of("buying-signal.detected")["domain"], &of("lead.converted")["priority"]),
        (&"proposal".into(), &"high".into())
    );
    assert_eq!(told(&tekup(&["schema", "ls"])).lines().count(), 20);
}

#[test]
fn a_schema_is_shown_and_a_mistyped_event_is_answered_with_the_nearest() {
    let schema: Value = serde_json::from_slice(&tekup(&["schema", "show", "lead.created"]).stdout).unwrap();
    assert_eq!(schema["$id"], "urn:tekup:event:lead.created:1.0.0");
    for format in ["table", "json"] {
        let output = tekup(&["schema", "show", "lead.created", "--output", format]);
        assert_eq!((code(&output), serde_json::from_slice::<Value>(&output.stdout).unwrap()), (0, schema.clone()));
    }
    assert_eq!(code(&tekup(&["schema", "show", "lead.created@1.0.0", "--written"])), 0);
    let output = tekup(&["schema", "show", "lead.creatd", "--output", "json"]);
    assert_eq!((code(&output), told(&output).as_str()), (1, ""));
    let expected = "error: event `lead.creatd` is unknown to this program: did you mean `lead.created`?\n";
    assert_eq!(blamed(&output), expected, "an error is a text also for programs");
    let output = tekup(&["schema", "show", "lead.created@7.0.0"]);
    assert_eq!((code(&output), blamed(&output).contains("this program knows 1.0.0")), (1, true));
}

#[test]
fn what_is_locked_as_it_is_passes_and_a_change_by_hand_of_the_lock_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("schemas");
    let lock = lock.to_str().unwrap();
    let output = tekup(&["schema", "lock", "--lock", lock]);
    assert_eq!((code(&output), told(&output).lines().count()), (0, 19));
    assert!(told(&tekup(&["schema", "lock", "--lock", lock])).contains("all 19 events are locked as they are"));
    let output = tekup(&["schema", "check", "--lock", lock]);
    assert_eq!((code(&output), told(&output).as_str()), (0, "19 events, none of which breaks a reader\n"));
    assert_eq!(told(&tekup(&["schema", "diff", "--lock", lock])), "");

    let file = format!("{lock}/lead.created/1.0.0.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("minLength", "maxLength")).unwrap();
    let output = tekup(&["schema", "check", "--lock", lock]);
    assert_eq!((code(&output), blamed(&output).contains("was changed by hand")), (1, true));
}

#[test]
fn the_locks_of_this_repository_hold() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let output = tekup(&["schema", "check", "--locked", "--lock", lock.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "run `tekup schema lock`: {}", told(&output));
}

#[test]
fn an_event_that_is_not_locked_passes_unless_all_must_be() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().to_str().unwrap();
    assert_eq!(code(&tekup(&["schema", "lock", "--lock", lock])), 0);
    fs::remove_file(folder.path().join("lead.created/1.0.0.json")).unwrap();
    let check = ["schema", "check", "--lock", lock];
    let note = "note: `lead.created` 1.0.0 is not locked yet: run `schema lock`\n";
    let output = tekup(&check);
    assert_eq!(code(&output), 0);
    assert_eq!(told(&output), format!("{note}19 events, none of which breaks a reader\n"));
    let output = tekup(&[&check[..], &["--locked"]].concat());
    assert_eq!(code(&output), 3);
    let verdict = "1 in all: no reader breaks, and not all events are locked as they are\n";
    assert_eq!(told(&output), format!("{note}{verdict}"));
    let output = tekup(&[&check[..], &["--locked", "--output", "json"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &answer["breaks"], &answer["locked"]), (3, &false.into(), &false.into()));
}

#[test]
fn a_lock_that_is_not_there_or_can_not_be_read_passes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("file"), "").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
    let nothing = |name| (name, format!("error: no event is locked in `{}`: run `tekup schema lock`", at(name)));
    let unreadable = |name| (name, format!("error: `{}` can't be read: ", at(name)));
    let mut table = vec![nothing("absent"), nothing("empty"), unreadable("file")];
    if cfg!(unix) {
        table.push(unreadable("loop"));
    }
    for (name, expected) in table {
        for command in ["check", "diff"] {
            let output = tekup(&["schema", command, "--lock", &at(name)]);
            assert_eq!((code(&output), told(&output).as_str()), (1, ""), "{command} {name}");
            assert!(blamed(&output).starts_with(&expected), "{command} {name}: {}", blamed(&output));
            assert!(blamed(&output).matches("os error").count() <= 1, "{}", blamed(&output));
        }
    }
}
