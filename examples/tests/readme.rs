//! What the README and the documents say is so.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{collections::BTreeSet, fs, path::Path};

const README: &str = include_str!("../../README.md");
const BEHAVIOURS: &str = include_str!("../../docs/behaviours.md");

/// The rows of the first table of a chapter: its cells, without what marks them as code.
fn table(chapter: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(&format!("\n## {chapter}\n")).unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.skip(2).map(cells).collect()
}

#[test]
fn every_example_is_in_the_table_with_how_to_run_it() {
    let manifest = include_str!("../Cargo.toml");
    let programs = manifest.split("\n[[").skip(1).map(|section| section.split('"').nth(1).unwrap());
    let programs: BTreeSet<_> = programs.map(str::to_owned).collect();
    let rows = table("Examples");
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<BTreeSet<_>>(), programs);
    for row in rows {
        let words: Vec<_> = row[2].split(' ').collect();
        let is_named = |kind| words.windows(2).any(|pair| pair == [kind, row[0].as_str()]);
        assert!(words.starts_with(&["cargo", "run"]) && (is_named("--example") || is_named("--bin")), "{row:?}");
    }
}

#[test]
fn every_test_that_the_guarantees_name_exists() {
    let (_, rest) = README.split_once("\n## Guarantees\n").unwrap();
    let (rows, _) = rest.split_once("\n## ").unwrap();
    let named = tests_named_in(rows);
    assert!(named.len() >= 20, "only {} tests are named", named.len());
    expect_to_exist(&named);
}

#[test]
fn every_test_that_the_table_of_behaviours_names_exists_and_is_marked_if_both_transports_run_it() {
    let named = tests_named_in(BEHAVIOURS);
    assert!(named.len() >= 100, "only {} tests are named", named.len());
    expect_to_exist(&named);
    let suite = include_str!("../../crates/testkit/src/conformance/list.rs");
    for name in named {
        let is_marked = BEHAVIOURS.contains(&format!("• `{name}`"));
        let is_shared = suite.contains(&format!(" {name},\n"));
        assert_eq!(is_marked, is_shared, "`{name}` is marked: {is_marked}; is a behaviour of the suite: {is_shared}");
    }
}

fn tests_named_in(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| code.contains('_') && !code.contains([' ', '(', '.'])).collect()
}

fn expect_to_exist(names: &[&str]) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = [examples.join("../crates"), examples.join("tests")].map(|folder| sources(&folder)).concat();
    for name in names {
        let declared = ["(", "<"].iter().any(|next| sources.contains(&format!("fn {name}{next}")));
        assert!(declared, "no test is named `{name}`");
    }
}

/// All Rust files below a folder, one after the other.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().is_some_and(|name| name != "target"))
        .map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => fs::read_to_string(&path).unwrap(),
            _ => String::new(),
        })
        .collect()
}
