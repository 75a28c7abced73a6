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
