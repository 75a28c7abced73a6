//! The example as it is started by hand: a process that starts three.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{collections::BTreeSet, process::Output, time::Duration};

use tekup_testkit::redis::RedisServer;
use tokio::{process::Command, time::timeout};

async fn run(url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_three_services"));
    command.args(["--redis", url]).kill_on_drop(true);
    timeout(Duration::from_secs(30), command.output()).await.unwrap().unwrap()
}

/// What a service said: who it is, in which process, of what, in which correlation.
fn parts(line: &str) -> [&str; 4] {
    let (who, what) = line.split_once(": ").unwrap();
    let (service, process) = who.split_once(", process ").unwrap();
    let (event_type, correlation) = what.split_once(" in ").unwrap();
    [service, process, event_type, correlation]
}

#[tokio::test]
async fn a_chain_over_three_processes_is_one_tree_of_one_correlation() {
    let server = RedisServer::start().unwrap();
    let output = run(&server.url()).await;
    let (said, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    // Which it is only if each of the three has exited with 0.
    assert_eq!(output.status.code(), Some(0), "{said}{errors}");

    let (steps, tree) = said.split_at(said.find("\nlead.created\n").unwrap());
    assert_eq!(tree, "\nlead.created\n  lead.scored\n    lead.converted\n");
    let steps: Vec<_> = steps.lines().map(parts).collect();
    let told: Vec<_> = steps.iter().map(|[service, _, event_type, _]| [*service, *event_type]).collect();
    assert_eq!(told, [["web", "lead.created"], ["scoring", "lead.scored"], ["sales", "lead.converted"]]);
    let processes: BTreeSet<_> = steps.iter().map(|[_, process, ..]| process).collect();
    let correlations: BTreeSet<_> = steps.iter().map(|[.., correlation]| correlation).collect();
    assert_eq!((processes.len(), correlations.len()), (3, 1));
}

#[tokio::test]
async fn a_service_that_can_not_begin_ends_all_with_an_error() {
    let mut server = RedisServer::builder().tcp().start().unwrap();
    server.kill().unwrap();
    let output = run(&server.url()).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("scoring said None instead of \"ready\""), "{errors}");
}
