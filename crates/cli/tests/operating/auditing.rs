use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

use crate::world::World;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit)]
struct AccountClosed {
    secret: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_did_is_told_with_who_what_and_how_many() {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    for _ in 0..3 {
        world.publish("acme", "broken").await;
    }
    world.until_dead("crm/import", 3).await;
    let by_ada = |args: &[&str]| world.command(args).env("EVENT_BUS_OPERATOR", "ada").output().unwrap();
    assert!(by_ada(&["dlq", "purge", "crm/import", "--tenant", "acme", "--yes"]).status.success());
    assert!(by_ada(&["sub", "pause", "crm/import"]).status.success());
    assert!(by_ada(&["sub", "limit", "crm/import", "5/s"]).status.success());
    assert!(!by_ada(&["sub", "remove", "crm/import", "--yes"]).status.success());
    let told = world.run(&["audit"]).ends_with(0);
    let rows: Vec<&str> = told.out.lines().skip(1).collect();
    assert_eq!(rows.len(), 4, "{}", told.out);
    assert!(rows[0].contains("remove") && rows[0].contains("refused"), "the newest is the first: {}", told.out);
    let purge = told.line(" purge ");
    assert!(purge.contains("ada by tekup-cli purge crm/import") && purge.ends_with("3 done"), "{purge}");
    let json = world.run(&["audit", "--output", "json", "--kind", "actions", "--limit", "1"]).ends_with(0);
    assert_eq!(json.json()["records"][0]["operator"], "ada");
    let json = json.json();
    let next = json["next"].as_str().unwrap();
    let rest = world.run(&["audit", "--output", "ndjson", "--kind", "actions", "--after", next]).ends_with(0);
    assert_eq!(rest.out.lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_events_are_told_without_their_data_and_to_their_tenant_alone() {
    let world = World::new().await;
    let closed = AccountClosed { secret: "s3cret".into() };
    let id = world.bus.publish(closed.event("acme").user("user-456")).await.unwrap().id;
    world.publish("acme", "website").await;
    let told = world.run(&["audit", "--kind", "events"]).ends_with(0);
    assert!(told.line("account.closed").contains(&format!("user-456 by crm publish account.closed {id} acme")));
    assert_eq!((told.out.lines().count(), told.out.contains("s3cret")), (2, false), "{}", told.out);
    assert_eq!(world.run(&["audit", "--tenant", "globex"]).ends_with(0).out.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_who_runs_the_program_unless_another_name_is_given() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let pause = |name: &str, value: &str| {
        let mut command = world.command(&["sub", "pause", "crm/scoring"]);
        command.env_remove("USER").env_remove("LOGNAME").env(name, value).output().unwrap()
    };
    for (name, value) in [("USER", "grace"), ("LOGNAME", "linus"), ("EVENT_BUS_OPERATOR", "ada")] {
        assert!(pause(name, value).status.success());
    }
    let told = world.run(&["audit"]).ends_with(0).out;
    assert!(["grace by", "linus by", "ada by"].iter().all(|who| told.contains(who)), "{told}");
    let wrong = pause("EVENT_BUS_OPERATOR", "a\u{1b}[2Jb");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&wrong.stderr).contains('\u{1b}'));
}
