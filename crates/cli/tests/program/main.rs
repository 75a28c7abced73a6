//! The program as it is called: what it prints, and how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

mod asyncapi;
mod deploy;
mod docs;
mod events;
mod schemas;

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

/// As the TypeScript package writes it.
fn of_crm(event_type: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../../events/crm/tests/vectors/envelopes.json")).unwrap();
    all[event_type].clone()
}

fn lead() -> Value {
    of_crm("lead.created")
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
