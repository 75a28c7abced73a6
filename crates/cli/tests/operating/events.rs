use std::time::Duration;

use tekup_core::{Context, Event, RawEvent, Subscription, TekupEvent};
use tekup_events_crm::{LeadCreated, LeadScored};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_event_is_told_for_each_subscription() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.subscribe_failing("import").await;
    let (good, bad) = (world.publish("acme", "website").await, world.publish("acme", "broken").await);
    world.until_dead("crm/import", 1).await;
    world.until_idle("crm/scoring").await;
    let status = |id: &str| world.run(&["event", "status", id, "--tenant", "acme"]);
    let done = status(&good.to_string()).ends_with(0);
    assert!(done.out.starts_with("completed\n"), "{}", done.out);
    let failed = status(&bad.to_string()).ends_with(3);
    assert_eq!(
        (failed.line("crm/import"), failed.line("crm/scoring")),
        ("crm/import failed 1".into(), "crm/scoring completed 0".into())
    );
    let other = world.run(&["event", "status", &good.to_string(), "--tenant", "globex"]).ends_with(1);
    assert!(other.err.contains("globex"), "{}", other.err);
    assert_eq!(status("no-id").code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_an_event_is_a_tree_of_what_it_caused() {
    let world = World::new().await;
    let scoring = Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, cx: Context| {
        cx.publish(LeadScored { lead_id: "lead-1".into(), previous_score: 10.0, new_score: 85.0, factors: Vec::new() })
            .await?;
        Ok(())
    });
    world.bus.subscribe(scoring).await.unwrap();
    let lead = LeadCreated::new("lead-1", "website", 10.0).event("acme").correlation("import-7");
    let id = world.bus.publish(lead).await.unwrap().id.to_string();
    world.until_idle("crm/scoring").await;
    let tree = world.run(&["event", "trace", "import-7", "--tenant", "acme"]).ends_with(0);
    assert!(tree.line("lead.created").ends_with(&id), "{}", tree.out);
    assert!(tree.line("lead.scored").starts_with("└─ lead.scored"), "{}", tree.out);
    let by_effect = tree.line("lead.scored").rsplit_once(' ').unwrap().1.to_owned();
    let same = world.run(&["event", "trace", &by_effect, "--tenant", "acme"]).ends_with(0);
    assert_eq!(same.out, tree.out);
    // What is settled is trimmed, and its envelope with it.
    for lane in world.server.command(&["KEYS", "*:lane:lead.*"]).unwrap().items() {
        world.server.command(&["XTRIM", lane.text().unwrap(), "MAXLEN", "0"]).unwrap();
    }
    let trimmed = world.run(&["event", "trace", &by_effect, "--tenant", "acme"]).ends_with(1);
    assert!(trimmed.err.contains("give the correlation id itself"), "{}", trimmed.err);
    let bare = world.run(&["event", "trace", "import-7", "--tenant", "acme"]).ends_with(0);
    assert!(bare.line(&by_effect).starts_with("└─ "), "{}", bare.out);
    let unknown = world.run(&["event", "trace", "import-8", "--tenant", "acme"]).ends_with(1);
    assert!(unknown.err.contains("no event of tenant `acme`"), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_shown_as_it_is_stored_wherever_it_lies() {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    let dead = world.publish("acme", "broken").await.to_string();
    world.until_dead("crm/import", 1).await;
    let later = LeadCreated::new("lead-1", "website", 75.0).event("acme").delay(Duration::from_secs(600));
    let later = world.bus.publish(later).await.unwrap().id.to_string();
    let get = |id: &str, more: &[&str]| world.run(&[&["event", "get", id, "--tenant", "acme"], more].concat());
    let shown = get(&dead, &[]).ends_with(0);
    assert_eq!(shown.line("lane"), "lane lead.created:medium");
    assert!(shown.out.contains("\"leadId\":\"lead-1\""), "{}", shown.out);
    assert!(!get(&dead, &["--no-data"]).ends_with(0).out.contains("leadId"));
    let json = get(&later, &["--output", "json"]).ends_with(0).json();
    assert!(json["place"].as_str().unwrap().starts_with("waits for 2") && json["due"].is_string(), "{json}");
    assert_eq!(json["event"]["data"]["source"], "website");
    let other = world.run(&["event", "get", &dead, "--tenant", "globex"]).ends_with(1);
    assert!(other.err.contains("is not stored"), "{}", other.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_published_over_several_lines_is_told_on_one() {
    let world = World::new().await;
    world.subscribe("scoring").await;
    let event = LeadCreated::new("lead-1", "website", 75.0).event("acme").build().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&event.to_json().unwrap()).unwrap();
    let pretty = RawEvent::parse(serde_json::to_string_pretty(&json).unwrap()).unwrap();
    world.bus.pause("crm/scoring").await.unwrap();
    world.bus.publish(&pretty).await.unwrap();
    let id = event.envelope.id.to_string();
    let told = world.run(&["event", "get", &id, "--tenant", "acme", "--output", "ndjson"]).ends_with(0);
    assert_eq!((told.out.lines().count(), &told.json()["event"]["data"]["leadId"]), (1, &"lead-1".into()));
}
