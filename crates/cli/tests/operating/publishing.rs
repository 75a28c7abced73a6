use std::{fs, io::Write, process::Stdio};

use tekup_core::{RawEvent, Subscription, TekupEvent};
use tekup_events_crm::LeadCreated;

use crate::world::{Ran, World, eventually};

fn leads(count: usize) -> Vec<String> {
    let one =
        |at| LeadCreated::new(format!("lead-{at}"), "website", 75.0).event("acme").build().unwrap().to_json().unwrap();
    (0..count).map(|at| String::from_utf8(one(at).to_vec()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_file_are_published_once_however_often_the_command_is_run() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leads.ndjson");
    fs::write(&file, leads(1_200).join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let dry = world.run(&["publish", file, "--dry-run"]).ends_with(0);
    assert_eq!(dry.out, "1200 lead.created\nall are valid, and none was published\n");
    let first = world.run(&["publish", file]).ends_with(0);
    assert_eq!(first.out, "1200 lead.created\n1200 stored, 0 stored before, 0 failed\n");
    let again = world.run(&["publish", file, "--output", "json"]).ends_with(0).json();
    assert_eq!((&again["stored"], &again["duplicates"]), (&0.into(), &1_200.into()));
    world.until_idle("crm/scoring").await;
    assert_eq!(world.bus.books("crm/scoring").await.unwrap().acked, 1_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_is_told_and_finished_by_running_the_same_again() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leads.ndjson");
    let events = 40_000;
    fs::write(&file, leads(events).join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let publishing = world.command(&["publish", file]).spawn().unwrap();
    eventually(async || world.bus.books("crm/scoring").await.unwrap().published >= 500).await;
    world.server.freeze().unwrap();
    let ended = tokio::task::spawn_blocking(move || Ran::from(publishing.wait_with_output().unwrap()));
    let broken_off = ended.await.unwrap().ends_with(1);
    let told = broken_off.err.split_once("error: ").unwrap().1;
    let stored: usize = told.split(' ').next().unwrap().parse().unwrap();
    assert!((500..events).contains(&stored) && told.contains("run the same again"), "{told}");
    world.server.thaw().unwrap();
    let again = world.run(&["publish", file, "--output", "json"]).ends_with(0).json();
    let count = |key: &str| again[key].as_u64().unwrap() as usize;
    assert!(count("stored") + count("duplicates") == events && count("duplicates") >= stored, "{again}");
    assert_eq!(world.bus.books("crm/scoring").await.unwrap().published, events as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_if_one_event_is_invalid() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let mut lines = leads(2);
    lines.push(lines[0].replace("\"score\":75", "\"score\":\"high\",\"was\":75"));
    lines.push("{\"no\": \"event\"}".into());
    lines.push(lines[0].replace("lead.created", "lead.lost"));
    let mut child = world.command(&["publish", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).ends_with(3);
    assert!(ran.line("line 3").contains("data.score"), "{}", ran.out);
    assert!(ran.out.contains("line 4") && ran.line("line 5").contains("`lead.lost` 1.0.0 is unknown"), "{}", ran.out);
    assert!(ran.out.ends_with("2 valid, 3 invalid\n") && ran.err.contains("nothing was published"), "{}", ran.out);
    assert_eq!(world.bus.books("crm/scoring").await.unwrap().published, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_unknown_types_are_taken_if_that_is_said() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    fs::write(&file, leads(1)[0].replace("lead.created", "lead.lost")).unwrap();
    let args = ["publish", file.to_str().unwrap(), "--allow-unknown"];
    assert_eq!(world.run(&args).ends_with(0).line("stored"), "1 stored, 0 stored before, 0 failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_at_the_priority_of_its_type_unless_another_is_said() {
    let world = World::new().await;
    let all = Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ());
    world.bus.subscribe(all).await.unwrap();
    world.bus.pause("crm/audit").await.unwrap();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/content/tests/vectors/envelopes.json");
    world.run(&["publish", vectors]).ends_with(0);
    assert!(world.run(&["lanes"]).out.contains("content.generated:low"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lead.json");
    fs::write(&file, &leads(1)[0]).unwrap();
    world.run(&["publish", file.to_str().unwrap(), "--priority", "critical"]).ends_with(0);
    assert!(world.run(&["lanes"]).out.contains("lead.created:critical"));
}
