use std::{fs, time::Duration};

use serde_json::json;
use tekup_core::EventId;

use crate::world::{Ran, World, program};

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_is_found_by_flag_by_context_and_by_a_file_that_holds_the_url() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let (url, folder) = (world.server.url(), tempfile::tempdir().unwrap());
    let lists = |ran: Ran| assert!(ran.ends_with(0).out.contains("crm/scoring"));
    lists(program(&["sub", "ls", "--redis", &url]).output().unwrap().into());
    let contexts = folder.path().join("contexts.toml");
    fs::write(&contexts, format!("[contexts.test]\nredis = \"{url}\"\n")).unwrap();
    let named = ["sub", "ls", "--context", "test"];
    lists(program(&named).env("TEKUP_CONTEXTS", &contexts).output().unwrap().into());
    let secret = folder.path().join("url");
    fs::write(&secret, format!("{url}\n")).unwrap();
    lists(program(&["sub", "ls"]).env("REDIS_URL_FILE", &secret).output().unwrap().into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_without_a_bus_is_told_and_none_is_made() {
    let world = World::new().await;
    let before = world.server.command(&["DBSIZE"]).unwrap().int().unwrap();
    let ran = world.run(&["stats", "--namespace", "nobody"]).ends_with(1);
    assert!(ran.err.contains("there is no bus in namespace `nobody`"), "{}", ran.err);
    assert_eq!(world.server.command(&["DBSIZE"]).unwrap().int().unwrap(), before);
}

#[test]
fn a_server_out_of_reach_is_told_without_its_password() {
    let url = "redis://:s3cret@127.0.0.1:1";
    let ran = Ran::from(program(&["sub", "ls", "--redis", url]).output().unwrap()).ends_with(1);
    assert!(ran.err.contains("127.0.0.1:1 can't be reached") && !ran.err.contains("s3cret"), "{}", ran.err);
    assert_eq!(ran.err.matches("refused").count(), 1, "{}", ran.err);
    let ran = Ran::from(program(&["sub", "ls", "--redis", "localhost"]).output().unwrap()).ends_with(1);
    assert!(ran.err.contains("redis://"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_told_by_every_command_and_stops_none_from_ending() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.server.freeze().unwrap();
    let id = EventId::generate().to_string();
    let lines: [&[&str]; 10] = [
        &["doctor"],
        &["stats"],
        &["lanes"],
        &["sub", "ls"],
        &["sub", "pause", "crm/scoring"],
        &["event", "status", &id, "--tenant", "acme"],
        &["dlq", "ls", "crm/scoring"],
        &["explain", "lead.created"],
        &["audit"],
        &["tail"],
    ];
    let running: Vec<_> = lines.map(|line| (line, world.command(line).spawn().unwrap())).into();
    for (line, child) in running {
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let ran = Ran::from(tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap().unwrap());
        let code = if line == ["doctor"] { 3 } else { 1 };
        let told = format!("{}{}", ran.out, ran.err);
        assert!(ran.code == code && told.contains("did not answer in time"), "{line:?} ends with {}: {told}", ran.code);
    }
    world.server.thaw().unwrap();
    world.run(&["stats"]).ends_with(0);
}

#[test]
fn settings_are_shown_with_who_has_said_them_and_without_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bus.toml");
    fs::write(&file, "concurrency = 12\n[redis]\npartitions = 16\n").unwrap();
    let mut command = program(&["config", "show", "--origin", "--namespace", "shop"]);
    command.env("EVENT_BUS_CONFIG", &file).env("EVENT_BUS_LEASE_MS", "10000");
    let ran = Ran::from(command.env("REDIS_URL", "redis://ada:s3cret@db:6380/2").output().unwrap()).ends_with(0);
    assert_eq!(ran.line("server"), "program server db:6380/2 environment REDIS_URL");
    assert_eq!(ran.line("shop"), "program namespace shop flag --namespace");
    assert_eq!(ran.line("redis.url"), "service redis.url redis://db:6380/2 environment REDIS_URL");
    assert_eq!(ran.line("redis.namespace"), "service redis.namespace tekup default");
    assert_eq!(ran.line("leaseMs"), "service leaseMs 10000 ms environment EVENT_BUS_LEASE_MS");
    assert_eq!(ran.line("concurrency"), format!("service concurrency 12 file {}, line 1", file.display()));
    assert_eq!(ran.line("redis.partitions"), format!("service redis.partitions 16 file {}, line 3", file.display()));
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
}

#[test]
fn settings_are_told_to_programs_with_their_kinds() {
    let ran = Ran::from(program(&["config", "show", "--output", "json"]).output().unwrap()).ends_with(0);
    let all = ran.json();
    let of = |key: &str| all.as_array().unwrap().iter().find(|row| row["setting"] == key).unwrap().clone();
    assert_eq!(of("server"), json!({"of": "program", "setting": "server", "value": "localhost:6379"}));
    assert_eq!(of("leaseMs"), json!({"of": "service", "setting": "leaseMs", "value": 30000, "unit": "ms"}));
    assert_eq!(of("handlers")["value"], json!(null));
    assert_eq!(of("latencyTenants")["value"], json!([]));
    let ran = Ran::from(program(&["config", "show", "--output", "ndjson", "--origin"]).output().unwrap()).ends_with(0);
    assert_eq!(ran.out.lines().count(), all.as_array().unwrap().len());
    assert!(ran.out.lines().all(|line| line.ends_with(r#""origin":"default"}"#)), "{}", ran.out);
}

#[test]
fn every_mistake_in_the_settings_is_told_at_once_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bus.toml");
    fs::write(&file, "concurency = 12\nprefetch = 0\nredis.url = [\"redis://:s3cret@db\"]\n").unwrap();
    let mut command = program(&["config", "show"]);
    command
        .env("EVENT_BUS_CONFIG", &file)
        .env("EVENT_BUS_HANDLERS", "0")
        .env("EVENT_BUS_REDIS_URL", "redis://:s3cret@db");
    let ran = Ran::from(command.output().unwrap()).ends_with(1);
    for part in [
        "5 mistakes",
        "did you mean concurrency?",
        "prefetch (",
        "redis.url (",
        "EVENT_BUS_HANDLERS is 0: use 1 to 100000, or none",
        "EVENT_BUS_REDIS_URL is unknown",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains("s3cret") && ran.out.is_empty(), "{}{}", ran.out, ran.err);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_utf_8_is_told_and_not_left_out() {
    let value = std::os::unix::ffi::OsStringExt::from_vec(b"1\xff".to_vec());
    let mut command = program(&["config", "show"]);
    let ran = Ran::from(command.env::<_, std::ffi::OsString>("EVENT_BUS_CONCURRENCY", value).output().unwrap());
    assert!(ran.ends_with(1).err.contains("EVENT_BUS_CONCURRENCY is `1�`: write a whole number"));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Ran::from(program(&["completions", shell]).output().unwrap()).ends_with(0);
        assert!(ran.out.contains("dlq") && ran.out.contains("pause"), "{shell}");
    }
}
