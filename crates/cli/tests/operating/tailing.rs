use std::{
    io::{BufRead, BufReader, Lines, Read},
    process::{Child, ChildStderr, ChildStdout, Command},
    time::Duration,
};

use serde_json::Value;
use tekup_core::TekupEvent;
use tekup_events_crm::LeadCreated;

use crate::world::{Ran, World, eventually};

type Output = BufReader<ChildStdout>;

/// Publishes until the first line of a tail is there, for nobody can see that it listens.
async fn first_line(world: &World, tail: &mut Child) -> (String, Output) {
    let mut output = BufReader::new(tail.stdout.take().unwrap());
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        (line, output)
    });
    eventually(async || {
        world.publish("globex", "website").await;
        world.publish("acme", "website").await;
        read.is_finished()
    })
    .await;
    read.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_shows_what_is_published_from_then_on_and_takes_it_from_nobody() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let args = ["tail", "lead.*", "--tenant", "acme", "--limit", "1", "--output", "ndjson"];
    let mut tail = world.command(&args).spawn().unwrap();
    let heard: Value = serde_json::from_str(&first_line(&world, &mut tail).await.0).unwrap();
    assert_eq!((&heard["type"], &heard["tenantId"]), (&"lead.created".into(), &"acme".into()));
    assert!(heard.get("data").is_none(), "{heard}");
    assert!(tail.wait().unwrap().success());
    world.until_idle("crm/scoring").await;
    let books = world.bus.books("crm/scoring").await.unwrap();
    assert_eq!(books.acked, books.published);
    assert!(!world.run(&["sub", "ls"]).out.contains("tekup-cli"), "it has left no subscription");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_shows_data_only_if_they_are_asked_for_and_ends_well_when_interrupted() {
    let world = World::new().await;
    let mut tail = world.command(&["tail", "--data", "--output", "json"]).spawn().unwrap();
    let heard: Value = serde_json::from_str(&first_line(&world, &mut tail).await.0).unwrap();
    assert_eq!(heard["data"]["leadId"], "lead-1");
    assert!(Command::new("kill").args(["-INT", &tail.id().to_string()]).status().unwrap().success());
    Ran::from(tail.wait_with_output().unwrap()).ends_with(0);
}

/// Until a line of a program holds this.
async fn until_told(mut lines: Lines<BufReader<ChildStderr>>, part: &'static str) -> Lines<BufReader<ChildStderr>> {
    let found = tokio::task::spawn_blocking(move || {
        assert!(lines.any(|line| line.unwrap().contains(part)), "it has ended without `{part}`");
        lines
    });
    tokio::time::timeout(Duration::from_secs(30), found).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_says_that_the_server_does_not_answer_and_goes_on_when_it_does() {
    let world = World::new().await;
    let mut tail = world.command(&["tail", "--output", "ndjson"]).spawn().unwrap();
    let told = BufReader::new(tail.stderr.take().unwrap()).lines();
    let (_, mut output) = first_line(&world, &mut tail).await;
    world.server.freeze().unwrap();
    let told = until_told(told, "does not answer").await;
    world.server.thaw().unwrap();
    until_told(told, "answers again").await;
    let id = world.publish("acme", "back").await.to_string();
    let shown = tokio::task::spawn_blocking(move || output.by_ref().lines().any(|line| line.unwrap().contains(&id)));
    assert!(tokio::time::timeout(Duration::from_secs(30), shown).await.unwrap().unwrap());
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_ends_when_nobody_reads_it_any_more() {
    let world = World::new().await;
    let mut tail = world.command(&["tail", "--output", "ndjson"]).spawn().unwrap();
    drop(first_line(&world, &mut tail).await);
    // The reader of the first line is gone, as `head -1` is.
    let tail = std::sync::Mutex::new(tail);
    eventually(async || {
        world.publish("acme", "website").await;
        tail.lock().unwrap().try_wait().unwrap().is_some_and(|status| status.success())
    })
    .await;
}

/// Sends a signal again and again to a tail that nobody reads any more; answers how it ended.
async fn ended_unread_by(world: &World, signal: &str) -> Option<i32> {
    let mut tail = world.command(&["tail", "--data"]).spawn().unwrap();
    // The first line is read, and nothing any more: what comes fills the pipe.
    let (_, _unread) = first_line(world, &mut tail).await;
    for _ in 0..20 {
        world.bus.publish(LeadCreated::new("lead-1", "x".repeat(100_000), 1.0).event("acme")).await.unwrap();
    }
    let pid = tail.id().to_string();
    let tail = std::sync::Mutex::new(tail);
    let ended = std::sync::Mutex::new(None);
    eventually(async || {
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        *ended.lock().unwrap() = tail.lock().unwrap().try_wait().unwrap();
        ended.lock().unwrap().is_some()
    })
    .await;
    ended.into_inner().unwrap().unwrap().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_held_up_by_who_reads_it_is_ended_by_a_second_signal() {
    let world = World::new().await;
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        // One that has not come to its full pipe yet heeds the first signal, and ends well.
        eventually(async || match ended_unread_by(&world, signal).await {
            Some(0) => false,
            ended => {
                assert_eq!(ended, Some(code));
                true
            }
        })
        .await;
    }
}
