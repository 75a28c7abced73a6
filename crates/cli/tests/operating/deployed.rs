//! What `deploy/redis` recommends is enough, and no more than that is needed.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use tekup_core::TekupEvent;
use tekup_events_crm::LeadCreated;
use tekup_testkit::redis::RedisServer;

use crate::world::World;

fn recommended(name: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/redis").join(name)).unwrap()
}

/// A server with the recommended settings and users; its own user may do all.
fn server() -> RedisServer {
    let settings = recommended("redis.conf");
    let lines = settings.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let builder = lines.fold(RedisServer::builder().tcp(), |builder, line| {
        let (name, value) = line.split_once(' ').unwrap();
        builder.config(name, value)
    });
    let server = builder.start().unwrap();
    let users = recommended("users.acl");
    for user in users.lines().filter(|line| *line != "user default off") {
        let words: Vec<&str> = user.split(' ').skip(1).collect();
        server.command(&[&["ACL", "SETUSER"], words.as_slice()].concat()).unwrap();
    }
    server
}

fn url(server: &RedisServer, user: &str) -> String {
    let password = format!("change-me-{}", user.trim_start_matches("tekup-"));
    server.url().replace("redis://", &format!("redis://{user}:{password}@"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_and_its_operator_work_with_the_recommended_settings_and_users() {
    let server = server();
    let bus = tekup_redis_transport::connect(url(&server, "tekup-service"), "crm").await.unwrap();
    let world = World { server, bus };
    world.subscribe("scoring").await;
    world.subscribe_failing("import").await;
    let id = world.publish("acme", "broken").await.to_string();
    let lead = || LeadCreated::new("lead-1", "website", 75.0).event("acme");
    world.bus.publish(lead().delay(Duration::from_secs(600))).await.unwrap();
    // Beside one that waits for its time.
    world.bus.publish(lead()).await.unwrap();
    world.until_dead("crm/import", 1).await;
    world.until_idle("crm/scoring").await;
    let operator = url(&world.server, "tekup-operator");
    let run = |line: &str| {
        let mut command = world.command(&line.split(' ').collect::<Vec<_>>());
        crate::world::Ran::from(command.env("REDIS_URL", &operator).output().unwrap())
    };
    for line in [
        "stats",
        "sub ls",
        "sub show crm/import",
        "sub pause crm/scoring",
        "sub limit crm/scoring 5/s",
        "sub resume crm/scoring",
        "sub repair crm/scoring",
        "lanes",
        "explain lead.created",
        "dlq ls crm/import",
        "dlq replay crm/import --all --yes",
        "audit",
    ] {
        run(line).ends_with(0);
    }
    run(&format!("event get {id} --tenant acme")).ends_with(0);
    world.until_dead("crm/import", 1).await;
    run("dlq purge crm/import --all --yes").ends_with(0);
    let clean = run("doctor").ends_with(0);
    assert!(clean.out.ends_with(": 0 errors, 0 warnings\n"), "{}", clean.out);
    world.bus.shutdown().await.unwrap();
    run("sub remove crm/import --yes").ends_with(0);
}

/// What scripts and the transport ask of Redis, by name; tests beside the code may ask more.
fn commands() -> BTreeSet<String> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../redis-transport/src");
    let (mut folders, mut found) = (vec![source], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() && !path.ends_with("tests") => folders.push(path),
                Some("rs") => found.extend(named(&fs::read_to_string(path).unwrap(), &["cmd(\""], '"')),
                Some("lua") => found.extend(named(&fs::read_to_string(path).unwrap(), &["call('"], '\'')),
                _ => {}
            }
        }
    }
    found
}

fn named<'a>(text: &'a str, before: &'a [&str], end: char) -> impl Iterator<Item = String> + 'a {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let names =
        before.iter().flat_map(|before| text.split(before).skip(1)).filter_map(move |rest| rest.split(end).next());
    names.filter(|name| name.chars().all(|c| c.is_ascii_uppercase())).map(str::to_lowercase)
}

#[test]
fn every_command_that_is_used_is_allowed() {
    let (users, commands) = (recommended("users.acl"), commands());
    assert!(commands.len() > 40 && commands.contains("zmscore") && commands.contains("xreadgroup"), "{commands:?}");
    for user in users.lines().filter(|line| line.contains("~tekup:*")) {
        let allows = |name: &str| {
            user.split(' ').any(|word| word == format!("+{name}") || word.starts_with(&format!("+{name}|")))
        };
        let connects = ["hello", "auth", "ping", "select", "quit", "client"];
        let refused: Vec<_> =
            commands.iter().filter(|name| !allows(name) && !connects.contains(&name.as_str())).collect();
        // Settings of the server are asked by the operator's program alone, and clusters are not supported yet.
        let others: &[&str] = if user.contains("tekup-service") { &["config"] } else { &[] };
        assert_eq!(refused, others.iter().collect::<Vec<_>>(), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recommended_users_reach_no_other_keys_and_no_dangerous_commands() {
    let server = server();
    let operator = url(&server, "tekup-operator");
    let client = |words: &[&str]| {
        let mut cli = std::process::Command::new("redis-cli");
        let output = cli.args(["--no-auth-warning", "-u", &operator]).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(client(&["PING"]), "PONG\n");
    for refused in [
        &["GET", "other:key"][..],
        &["FLUSHALL"],
        &["KEYS", "*"],
        &["CONFIG", "SET", "maxmemory", "1"],
        &["SHUTDOWN", "NOSAVE"],
        &["DEBUG", "SLEEP", "0"],
        &["ACL", "LIST"],
        &["SCRIPT", "FLUSH"],
    ] {
        assert!(client(refused).starts_with("NOPERM"), "{refused:?}: {}", client(refused));
    }
}
