//! The program as it is called: what it prints, and how it ends.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn tekup(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tekup")).args(args).output().unwrap()
}

fn tekup_with(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tekup"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn blamed(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// The envelopes of all nineteen events, by domain, as the TypeScript package writes them.
fn vectors() -> Vec<String> {
    let domains = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let of = |domain: fs::DirEntry| domain.path().join("tests/vectors/envelopes.json");
    fs::read_dir(domains).unwrap().map(|domain| of(domain.unwrap()).to_str().unwrap().to_owned()).collect()
}

fn lead() -> Value {
    let all: Value = serde_json::from_str(include_str!("../../events/crm/tests/vectors/envelopes.json")).unwrap();
    all["lead.created"].clone()
}

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
fn every_envelope_that_typescript_writes_is_valid() {
    let valid = vectors().into_iter().map(|path| {
        let output = tekup(&["event", "validate", &path]);
        assert_eq!(code(&output), 0, "{path}: {}", told(&output));
        told(&output).strip_suffix(" valid, 0 invalid\n").unwrap().parse::<usize>().unwrap()
    });
    assert_eq!(valid.sum::<usize>(), 19);
}

#[test]
fn one_event_a_list_an_object_and_lines_are_told_apart() {
    let (good, mut bad) = (lead(), lead());
    bad["data"]["score"] = "high".into();
    let table = [
        (good.to_string(), 0, "1 valid, 0 invalid"),
        (format!("[{good},{bad}]"), 3, "[1]: `data.score` breaks `type`"),
        (format!(r#"{{"first": {bad}, "second": {good}}}"#), 3, "first: `data.score` breaks `type`"),
        (format!("{good}\n{bad}\n{good}\n"), 3, "line 2: `data.score` breaks `type`"),
        (format!("{good}\n{{\"id\":\n"), 3, "line 2: event can't be decoded"),
        ("[]".into(), 0, "0 valid, 0 invalid"),
        (format!("[{good},{bad},]"), 3, "the list: is no JSON: trailing comma at line 1"),
        (format!("\u{feff}{good}\r\n{bad}\r\n"), 3, "line 2: `data.score` breaks `type`"),
        (format!("{good:#}\n{bad:#}\n"), 3, ": `data.score` breaks `type`"),
        (format!("{good:#}\n{good:#}\n"), 0, "2 valid, 0 invalid"),
    ];
    for (input, ended, expected) in table {
        let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
        assert_eq!(code(&output), ended, "{input}: {}", told(&output));
        assert!(told(&output).contains(expected), "{input}: {}", told(&output));
    }
}

#[test]
fn garbage_is_told_by_its_place_and_panics_nowhere() {
    let lead = lead().to_string();
    let changed = |from: &str, to: &str| {
        assert!(lead.contains(from), "{lead} holds no {from}");
        lead.replacen(from, to, 1)
    };
    let table = [
        (changed(r#""score":85"#, r#""score":NaN"#), "line 1: event can't be decoded"),
        (changed(r#""score":85"#, r#""score":1e999"#), "`data.score`: number out of range"),
        (changed(r#""score":85"#, r#""score":85,"score":86"#), "`data.score` is there twice"),
        (changed(r#""leadId":"lead-123""#, r#""leadId":"""#), "`data.leadId` breaks `minLength`"),
        (changed("lead.created", "lead.lost"), "`lead.lost` 1.0.0 is unknown to this program"),
        (changed(r#""version":"1.0.0""#, r#""version":"2.0.0""#), "`lead.created` 2.0.0 is unknown to this program"),
        (changed("lead.created", "lead.converted"), "breaks `required`"),
        (changed("2025-09-14T10:15:30.123Z", "2025-09-14T10:15:30"), "`timestamp`"),
        (changed(r#""score":85"#, &format!(r#""score":{}{}"#, "[".repeat(10_000), "]".repeat(10_000))), "levels deep"),
    ];
    for (input, expected) in table {
        let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
        assert_eq!(code(&output), 3, "{expected}: {}{}", told(&output), blamed(&output));
        assert!(told(&output).contains(expected), "{expected}: {}", told(&output));
    }
}

#[test]
fn every_mistake_of_an_event_is_told_up_to_a_limit_that_is_told_too() {
    let all: Value = serde_json::from_str(include_str!("../../events/crm/tests/vectors/envelopes.json")).unwrap();
    let mut bad = all["lead.converted"].clone();
    for (mistakes, findings) in [(57, 57), (1_000, 1_000), (5_000, 1_001)] {
        bad["data"]["touchpoints"] = vec![1; mistakes].into();
        let output = tekup_with(&["event", "validate", "-"], bad.to_string().as_bytes());
        assert_eq!((code(&output), told(&output).lines().count()), (3, findings + 1), "{mistakes}");
        assert_eq!(told(&output).contains("the event: and more: mend these first\n"), findings > 1_000, "{mistakes}");
        assert!(told(&output).contains("the event: `data.touchpoints[56]` breaks `type`"), "{mistakes}");
    }
}

#[test]
fn of_events_with_one_name_none_is_passed_over() {
    let (good, mut bad) = (lead(), lead());
    bad["data"]["score"] = "high".into();
    let input = format!(r#"{{"a\u001b": {bad}, "a\u001b": {good}}}"#);
    let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
    assert_eq!(code(&output), 3);
    assert!(told(&output).starts_with("a\\u{1b}: `data.score` breaks `type`"), "{}", told(&output));
    assert!(told(&output).ends_with("1 valid, 1 invalid\n"), "{}", told(&output));
}

#[test]
fn findings_are_told_to_programs_as_json() {
    let mut bad = lead();
    bad["data"]["score"] = "s3cret".into();
    let output = tekup_with(&["event", "validate", "-", "--output", "json"], bad.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["valid"], &answer["invalid"]), (&0.into(), &1.into()));
    assert_eq!(answer["findings"][0]["event"], "the event");
    assert!(!told(&output).contains("s3cret"));
}

#[test]
fn a_file_that_can_not_be_read_is_an_error_and_no_finding() {
    let output = tekup(&["event", "validate", "no-such-file.json"]);
    assert_eq!((code(&output), blamed(&output).contains("`no-such-file.json` can't be read")), (1, true));
    for empty in ["", " \n"] {
        let output = tekup_with(&["event", "validate", "-"], empty.as_bytes());
        assert_eq!((code(&output), blamed(&output).contains("`-` is empty: it holds no event")), (1, true));
    }
    let output = tekup_with(&["event", "validate", "-"], &[0xff, 0xfe]);
    assert_eq!((code(&output), blamed(&output).contains("no UTF-8")), (1, true));
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_2() {
    for args in [&["nonsense"][..], &["schema"], &["event", "validate"], &["schema", "ls", "--output", "xml"]] {
        assert_eq!(code(&tekup(args)), 2, "{args:?}");
    }
    let output = tekup(&["schema", "check", "--mode", "sideways"]);
    assert_eq!((code(&output), blamed(&output).contains("full-transitive")), (2, true));
    assert_eq!(code(&tekup(&["--help"])), 0);
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

/// Ends, with nobody who reads what it prints.
fn unread(args: &[&str]) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_tekup")).args(args).stdout(writer).output().unwrap();
    (code(&output), blamed(&output))
}

#[test]
fn a_verdict_stays_the_same_where_nobody_reads_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.json");
    let mut bad = lead();
    bad["data"]["score"] = "high".into();
    fs::write(&events, bad.to_string()).unwrap();
    let events = events.to_str().unwrap();
    let lock = folder.path().join("schemas");
    let lock = lock.to_str().unwrap();
    assert_eq!(code(&tekup(&["schema", "lock", "--lock", lock])), 0);
    fs::remove_file(folder.path().join("schemas/lead.created/1.0.0.json")).unwrap();
    let table: [(&[&str], i32); 7] = [
        (&["schema", "check", "--lock", lock], 0),
        (&["schema", "check", "--locked", "--lock", lock], 3),
        (&["--help"], 0),
        (&["schema", "ls"], 0),
        (&["schema", "show", "lead.created"], 0),
        (&["event", "validate", events], 3),
        (&["event", "validate", events, "--output", "json"], 3),
    ];
    for (args, expected) in table {
        assert_eq!(unread(args), (expected, String::new()), "{args:?}");
    }
    let (code, told) = unread(&["schema", "show", "lead.lost"]);
    assert_eq!((code, told.contains("lead.lost")), (1, true));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_can_not_be_written_is_an_error() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tekup")).args(["schema", "ls"]).stdout(full).output().unwrap();
    assert_eq!((code(&output), blamed(&output).starts_with("error: ")), (1, true));
}

#[test]
fn a_service_is_told_to_other_languages_as_a_document_without_the_password_of_its_server() {
    let output = tekup(&[
        "asyncapi",
        "lead-scoring",
        "--service-version",
        "1.4.0",
        "--description",
        "Scores leads.",
        "--sends",
        "lead.scored",
        "--receives",
        "scoring=lead.created",
        "--receives",
        "audit=lead.*",
        "--redis",
        "redis://operator:s3cret@redis.example.com:6380/2",
        "--namespace",
        "shop",
        "--partitions",
        "2",
    ]);
    assert_eq!(code(&output), 0, "{}", blamed(&output));
    assert!(!told(&output).contains("s3cret") && !told(&output).contains("operator"), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], "1.4.0");
    assert_eq!(document["servers"]["bus"]["host"], "redis.example.com:6380");
    assert_eq!(document["servers"]["bus"]["pathname"], "/2");
    assert_eq!(document["x-tekup-redis"]["lane"], "shop:{<tag>}:lane:<type>:<priority>");
    assert_eq!(document["x-tekup-redis"]["tags"].as_array().unwrap().len(), 2);
    let operations: Vec<&String> = document["operations"].as_object().unwrap().keys().collect();
    let expected = [
        "receive_audit_lead.converted",
        "receive_audit_lead.created",
        "receive_audit_lead.scored",
        "receive_scoring_lead.created",
        "send_lead.scored",
    ];
    assert_eq!(operations, expected);
}

#[test]
fn a_service_that_can_not_be_told_is_an_error_with_every_mistake_and_no_document() {
    let wrong = ["asyncapi", "a b", "--service-version", "1.0.0", "--sends", "lead.lost", "--receives", "audit=Lead.*"];
    let output = tekup(&wrong);
    assert_eq!((code(&output), told(&output).as_str()), (1, ""));
    for mistake in ["3 mistakes", "service `a b`", "pattern `lead.lost` takes no registered event", "pattern `Lead.*`"]
    {
        assert!(blamed(&output).contains(mistake), "{mistake}: {}", blamed(&output));
    }
    let table: [(&[&str], i32, &str); 4] = [
        (&["asyncapi", "crm"], 2, "--service-version"),
        (
            &["asyncapi", "crm", "--service-version", "1.0.0", "--receives", "lead.created"],
            2,
            "such as `scoring=lead.created`",
        ),
        (&["asyncapi", "crm", "--service-version", "1.0.0", "--sends", "*", "--redis", "http://x"], 1, "url"),
        (&["asyncapi", "crm", "--service-version", "1.0.0", "--sends", "*", "--partitions", "0"], 1, "partitions is 0"),
    ];
    for (args, expected, blames) in table {
        let output = tekup(args);
        assert_eq!(code(&output), expected, "{args:?}");
        assert!(blamed(&output).contains(blames), "{args:?}: {}", blamed(&output));
    }
}
