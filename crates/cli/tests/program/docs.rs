//! The documents name what the program has.

use std::fs;

use crate::{tekup, told};

fn document(name: &str) -> String {
    fs::read_to_string(format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The names of a command's own commands.
fn commands(of: &[&str]) -> Vec<String> {
    let help = told(&tekup(&[of, &["--help"]].concat()));
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let names = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(String::from).collect()
}

#[test]
fn every_command_stands_in_the_readme_and_in_what_operators_read() {
    let (readme, operating) = (document("README.md"), document("docs/operating.md"));
    let all = commands(&[]);
    assert!(all.len() > 15, "{all:?}");
    for name in &all {
        assert!(readme.contains(&format!("`{name}")) && operating.contains(&format!("`{name}")), "{name}");
        if name == "schema" {
            continue; // those stand under contracts
        }
        for inner in commands(&[name]) {
            assert!(operating.contains(&format!("`{name} {inner}")), "{name} {inner}");
        }
    }
}

#[test]
fn every_code_of_the_doctor_is_explained() {
    let explained = document("docs/troubleshooting.md");
    let sources = ["mod", "server", "memory", "partitions", "subscriptions"];
    let mut codes = 0;
    for source in sources {
        let text = document(&format!("crates/cli/src/doctor/{source}.rs"));
        for part in text.split("Finding::error(\"").chain(text.split("Finding::warning(\"")).skip(1) {
            let Some((code, _)) = part.split_once("\", ") else { continue };
            let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            if is_code {
                codes += 1;
                assert!(explained.contains(&format!("`{code}`")), "{code}");
            }
        }
    }
    assert!(codes >= 15, "only {codes} were found");
}
