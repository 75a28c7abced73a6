use std::{
    io::{BufRead, BufReader},
    process::Command,
};

use tekup_redis_transport::RedisConfig;

use crate::world::{Ran, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_can_be_looked_at_and_leaves_no_subscription_behind() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let mut demo = world.command(&["demo", "--rate", "100"]).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("namespace `tekup-demo`"));
    let told: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let stats = || world.run(&["stats", "--namespace", "tekup-demo", "--output", "json"]).ends_with(0).json();
    eventually(async || stats()["counters"]["handled"].as_u64() > Some(100)).await;
    for command in
        told.iter().map(|line| line.trim()).filter(|line| !line.contains(" top ") && !line.contains(" tail "))
    {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let ran = world.run(&words);
        assert!([0, 3].contains(&ran.code), "{command}: {}{}", ran.out, ran.err);
    }
    assert!(Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap().success());
    Ran::from(demo.wait_with_output().unwrap()).ends_with(0);
    assert_eq!(world.run(&["sub", "ls", "--namespace", "tekup-demo", "--output", "ndjson"]).ends_with(0).out, "");
    assert_eq!(world.bus.books("crm/scoring").await.unwrap().published, 0, "the real bus has seen none of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_does_not_run_where_a_real_bus_is() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let namespace = RedisConfig::default().namespace;
    let ran = world.run(&["demo", "--namespace", &namespace, "--for", "1ms"]).ends_with(1);
    assert!(ran.err.contains("`crm/scoring`") && ran.err.contains("another namespace"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_waits_for_a_server_that_is_away_and_goes_on() {
    let mut world = World::new().await;
    let mut demo = world.command(&["demo", "--rate", "100"]).spawn().unwrap();
    let mut told = BufReader::new(demo.stderr.take().unwrap()).lines();
    let handled = |world: &World| {
        let ran = world.run(&["stats", "--namespace", "tekup-demo", "--output", "json"]);
        (ran.code == 0).then(|| ran.json()["counters"]["handled"].as_u64()).flatten().unwrap_or_default()
    };
    eventually(async || handled(&world) > 10).await;
    world.server.stop().unwrap();
    let waits = tokio::task::spawn_blocking(move || told.next().unwrap().unwrap()).await.unwrap();
    assert!(waits.starts_with("waits: "), "{waits}");
    // What was stored is gone with it, so all that is counted now is new.
    world.server.restart().unwrap();
    eventually(async || handled(&world) > 10).await;
    assert!(Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap().success());
    Ran::from(demo.wait_with_output().unwrap()).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_demo_says_that_one_runs() {
    let world = World::new().await;
    let mut demo = world.command(&["demo"]).spawn().unwrap();
    assert!(BufReader::new(demo.stdout.take().unwrap()).lines().next().unwrap().unwrap().contains("tekup-demo"));
    let second = world.run(&["demo", "--for", "1ms"]).ends_with(1);
    assert!(second.err.contains("another demo runs there"), "{}", second.err);
    assert!(Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap().success());
    Ran::from(demo.wait_with_output().unwrap()).ends_with(0);
}
