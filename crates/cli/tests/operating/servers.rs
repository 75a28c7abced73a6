use std::fs;

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
    let ran = Ran::from(program(&["sub", "ls", "--redis", "localhost"]).output().unwrap()).ends_with(1);
    assert!(ran.err.contains("redis://"), "{}", ran.err);
}

#[test]
fn settings_are_shown_with_who_has_said_them_and_without_passwords() {
    let mut command = program(&["config", "show", "--origin", "--namespace", "shop"]);
    let ran = Ran::from(command.env("REDIS_URL", "redis://ada:s3cret@db:6380/2").output().unwrap()).ends_with(0);
    assert_eq!(ran.line("redis"), "redis db:6380/2 environment REDIS_URL");
    assert_eq!(ran.line("namespace"), "namespace shop flag --namespace");
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Ran::from(program(&["completions", shell]).output().unwrap()).ends_with(0);
        assert!(ran.out.contains("dlq") && ran.out.contains("pause"), "{shell}");
    }
}
