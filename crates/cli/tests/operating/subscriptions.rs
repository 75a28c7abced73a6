use std::time::Duration;

use tekup_core::{RawEvent, RetryPolicy, Subscription};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_listed_with_how_they_stand() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.subscribe_failing("import").await;
    world.publish("acme", "broken").await;
    world.until_dead("crm/import", 1).await;
    world.until_idle("crm/scoring").await;
    let table = world.run(&["sub", "ls"]).ends_with(0);
    assert_eq!(
        table.line("SUBSCRIPTION"),
        "SUBSCRIPTION STATE REPLICAS READY IN FLIGHT RETRYING SCHEDULED DEAD OLDEST"
    );
    assert_eq!(table.line("crm/scoring"), "crm/scoring runs 1 0 0 0 0 0 -");
    assert_eq!(table.line("crm/import"), "crm/import runs 1 0 0 0 0 1 -");
    let all = world.run(&["sub", "ls", "--output", "json"]).ends_with(0).json();
    assert_eq!(
        (&all["items"][0]["subscription"], &all["items"][0]["depth"]["dead"]),
        (&"crm/import".into(), &1.into())
    );
    let lines = world.run(&["sub", "ls", "--output", "ndjson"]).ends_with(0).out;
    assert_eq!(lines.lines().count(), 2);
    world.bus.shutdown().await.unwrap();
    assert_eq!(world.run(&["sub", "ls"]).ends_with(0).line("crm/scoring"), "crm/scoring nobody reads it 0 0 0 0 0 0 -");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_longer_than_its_limit_says_where_it_goes_on() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.subscribe(name).await;
    }
    let first = world.run(&["sub", "ls", "--limit", "2"]).ends_with(0);
    let next = first.err.trim().split_once("--after ").unwrap().1;
    let rest = world.run(&["sub", "ls", "--limit", "2", "--after", next]).ends_with(0);
    let names = format!("{}{}", first.out, rest.out);
    let json = world.run(&["sub", "ls", "--limit", "2", "--output", "json"]).ends_with(0);
    assert_eq!((json.json()["next"].as_str(), json.err.as_str()), (Some(next), ""));
    assert!(["crm/a", "crm/b", "crm/c"].iter().all(|name| names.matches(name).count() == 1), "{names}");
    assert_eq!(rest.err, "");
    assert_eq!(world.run(&["sub", "ls", "--limit", "0"]).code, 2);
    let garbage = world.run(&["sub", "ls", "--after", "garbage"]).ends_with(1);
    assert!(garbage.err.contains("--after") && garbage.err.contains("`garbage`"), "{}", garbage.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_until_it_is_ended_and_is_told_only_when_it_changes_something() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let run = |args: &[&str]| world.run(args).ends_with(0).out;
    assert_eq!(run(&["sub", "pause", "crm/scoring", "--dry-run"]), "`crm/scoring` would be paused\n");
    assert_eq!(run(&["sub", "pause", "crm/scoring"]), "`crm/scoring` is paused now\n");
    assert_eq!(run(&["sub", "pause", "crm/scoring"]), "`crm/scoring` is paused already\n");
    world.publish("acme", "website").await;
    let stuck = world.run(&["sub", "ls"]).ends_with(0);
    assert!(stuck.line("crm/scoring").starts_with("crm/scoring paused 1 1 0 0 0 0 "), "{}", stuck.out);
    assert_eq!(run(&["sub", "resume", "crm/scoring"]), "`crm/scoring` is running now\n");
    world.until_idle("crm/scoring").await;
    let unknown = world.run(&["sub", "pause", "crm/nobody"]).ends_with(1);
    assert!(unknown.err.contains("crm/nobody"), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_subscription_is_shown() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.publish("acme", "website").await;
    world.until_idle("crm/scoring").await;
    let shown = world.run(&["sub", "show", "crm/scoring"]).ends_with(0);
    for (fact, told) in [("takes", "takes lead.created"), ("acked", "acked 1"), ("rate limit", "rate limit none")] {
        assert_eq!(shown.line(fact), told);
    }
    assert!(!shown.out.contains("lead.created:medium"), "nothing waits there: {}", shown.out);
    world.bus.pause("crm/scoring").await.unwrap();
    world.publish("acme", "website").await;
    let shown = world.run(&["sub", "show", "crm/scoring"]).ends_with(0);
    assert!(shown.line("lead.created:medium").starts_with("crm/scoring lead.created:medium 1 0 0 0"), "{}", shown.out);
    assert!(shown.line("paused").starts_with("paused since 2"), "{}", shown.out);
    let json = world.run(&["sub", "show", "crm/scoring", "--output", "json"]).ends_with(0).json();
    assert_eq!((&json["books"]["acked"], &json["state"]["rateLimit"]), (&1.into(), &serde_json::Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_removed_only_with_consent_and_when_nobody_reads_it() {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    world.publish("acme", "broken").await;
    world.until_dead("crm/import", 1).await;
    let alive = world.run(&["sub", "remove", "crm/import", "--yes"]).ends_with(1);
    assert!(alive.err.contains("alive"), "{}", alive.err);
    world.bus.shutdown().await.unwrap();
    let told = world.run(&["sub", "remove", "crm/import", "--dry-run"]).ends_with(0).out;
    assert!(told.contains("1 dead events"), "{told}");
    let unasked = world.run(&["sub", "remove", "crm/import"]).ends_with(1);
    assert!(unasked.err.contains("--yes") && unasked.err.contains("nothing was done"), "{}", unasked.err);
    assert!(world.run(&["sub", "ls"]).out.contains("crm/import"));
    assert_eq!(world.run(&["sub", "remove", "crm/import", "--yes"]).ends_with(0).out, "`crm/import` is removed\n");
    assert!(!world.run(&["sub", "ls"]).out.contains("crm/import"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_and_statistics_tell_what_waits_where_and_what_was_counted() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.publish("acme", "website").await;
    world.until_idle("crm/scoring").await;
    world.bus.pause("crm/scoring").await.unwrap();
    world.publish("acme", "website").await;
    world.publish("globex", "website").await;
    let lanes = world.run(&["lanes"]).ends_with(0);
    assert!(lanes.line("lead.created:medium").starts_with("crm/scoring lead.created:medium 2 0 0 0 "), "{}", lanes.out);
    assert_eq!(
        world.run(&["lanes", "crm/scoring", "--output", "json"]).ends_with(0).json()["items"][0]["depth"]["ready"],
        2
    );
    world.bus.shutdown().await.unwrap();
    let stats = world.run(&["stats"]).ends_with(0);
    assert_eq!((stats.line("published"), stats.line("handled")), ("published 3".into(), "handled 1".into()));
    let of = |tenant: &str| world.run(&["stats", "--tenant", tenant, "--output", "json"]).ends_with(0).json();
    assert_eq!(
        (&of("globex")["counters"]["published"], &of("nobody")["counters"]["published"]),
        (&1.into(), &0.into())
    );
    assert_eq!(of("acme")["subscriptions"][0]["subscription"], "crm/scoring");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_explained_who_gets_an_event_and_why_others_do_not() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let other = Subscription::matching("audit", "proposal.*")
        .retry(RetryPolicy::fixed(5, Duration::from_secs(10)))
        .concurrency(16)
        .handler(async |_: RawEvent, _| ());
    world.bus.subscribe(other).await.unwrap();
    let told = world.run(&["explain", "lead.created"]).ends_with(0);
    let policy = "up to 3 attempts, 1 s to 2 s apart with jitter, 30 s each, 5 at once";
    let scoring = format!("crm/scoring yes takes `lead.created` lead.created:medium 1 replica {policy}");
    assert_eq!(told.line("crm/scoring"), scoring);
    let slow = "up to 5 attempts, 10 s apart, 30 s each, 16 at once";
    assert_eq!(told.line("crm/audit"), format!("crm/audit no takes `proposal.*` only - 1 replica {slow}"));
    let shown = world.run(&["sub", "show", "crm/audit"]).ends_with(0);
    assert_eq!(shown.line("attempts"), "attempts up to 5 attempts, 10 s apart");
    assert_eq!(shown.line("handlers"), "handlers 16 at once, with a lease of 30 s");
    let json = world.run(&["explain", "proposal.sent", "--output", "json"]).ends_with(0).json();
    let (audit, retry) = (&json["items"][0], &json["items"][0]["policy"]["retry"]);
    assert_eq!((&audit["subscription"], &audit["policy"]["concurrency"]), (&"crm/audit".into(), &16.into()));
    assert_eq!((&retry["firstDelayMs"], &retry["growth"]), (&10_000.into(), &"none".into()));
    let unknown = world.run(&["explain", "lead.lost"]).ends_with(0);
    assert!(unknown.err.contains("`lead.lost` is unknown to this program"), "{}", unknown.err);
}
