use std::{
    io::{BufRead, BufReader},
    process::{Child, Command},
};

use serde_json::Value;

use crate::world::{Ran, World, eventually};

/// Publishes until the first line of a tail is there, for nobody can see that it listens.
async fn first_line(world: &World, tail: &mut Child) -> String {
    let mut lines = BufReader::new(tail.stdout.take().unwrap());
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line
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
    let heard: Value = serde_json::from_str(&first_line(&world, &mut tail).await).unwrap();
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
    let heard: Value = serde_json::from_str(&first_line(&world, &mut tail).await).unwrap();
    assert_eq!(heard["data"]["leadId"], "lead-1");
    assert!(Command::new("kill").args(["-INT", &tail.id().to_string()]).status().unwrap().success());
    Ran::from(tail.wait_with_output().unwrap()).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_ends_when_nobody_reads_it_any_more() {
    let world = World::new().await;
    let mut tail = world.command(&["tail", "--output", "ndjson"]).spawn().unwrap();
    first_line(&world, &mut tail).await;
    // The reader of the first line is gone, as `head -1` is.
    let tail = std::sync::Mutex::new(tail);
    eventually(async || {
        world.publish("acme", "website").await;
        tail.lock().unwrap().try_wait().unwrap().is_some_and(|status| status.success())
    })
    .await;
}
