//! Which event types a subscription takes: one pattern, several, ready-made ones.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::collections::BTreeMap;

use common::{LeadScored, Seen, bus, lead};
use serde_json::Value;
use tekup_core::{
    Broadcast, ErrorKind, EventType, IntoPatterns, Pattern, PatternBuilder, RawEvent, Subscription, TekupEvent,
    patterns,
};

#[test]
fn ready_made_patterns_take_these_of_the_nineteen_types() {
    let envelopes: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("vectors/typescript-envelopes.json")).unwrap();
    let table: [(&str, &[&str]); 8] = [
        // The domain's other event begins with another word.
        (patterns::ALL_PROPOSAL_EVENTS, &["proposal.created"]),
        (patterns::ALL_CONTENT_EVENTS, &["content.generated", "content.published"]),
        (patterns::ALL_SUPPORT_EVENTS, &["support.session.resolved", "support.session.started"]),
        (patterns::ALL_LEAD_EVENTS, &["lead.converted", "lead.created", "lead.scored"]),
        (patterns::ALL_CAMPAIGN_EVENTS, &["campaign.completed", "campaign.launched"]),
        (patterns::ALL_PROJECT_EVENTS, &["project.created"]),
        (patterns::ALL_CREATED_EVENTS, &["lead.created", "project.created", "proposal.created"]),
        (patterns::ALL_COMPLETED_EVENTS, &["campaign.completed", "task.completed"]),
    ];
    for (text, taken) in table {
        let pattern = Pattern::new(text).unwrap();
        let matched: Vec<_> = envelopes.keys().filter(|known| pattern.matches(known)).collect();
        assert_eq!(matched, taken, "{text}");
    }
    let all = Pattern::new(patterns::ALL_EVENTS).unwrap();
    assert_eq!(envelopes.keys().filter(|known| all.matches(known)).count(), 19);
}

#[test]
fn a_pattern_matches_a_whole_type_and_no_part_of_it() {
    let table = [
        ("lead.*", "xlead.created"),
        ("lead.*", "re.lead.created"),
        ("*.created", "lead.created.again"),
        ("lead.created", "lead.created-again"),
        ("lead.created", "mislead.created"),
        ("support.session.*", "support.sessions"),
    ];
    for (pattern, event_type) in table {
        assert!(!Pattern::new(pattern).unwrap().matches(event_type), "{pattern} takes {event_type}");
    }
}

async fn registered(patterns: impl IntoPatterns) -> Vec<Pattern> {
    let bus = bus();
    bus.subscribe(Subscription::matching("audit", patterns).handler(async |_: RawEvent, _| ())).await.unwrap();
    let mut patterns = bus.registration("crm/audit").await.unwrap().patterns;
    patterns.sort();
    patterns
}

#[tokio::test(start_paused = true)]
async fn one_pattern_or_several_are_taken_in_every_form() {
    let text = String::from("lead.*");
    let one = Pattern::new(&text).unwrap();
    for patterns in [
        registered("lead.*").await,
        registered(&text).await,
        registered(text.clone()).await,
        registered(&one).await,
        registered(one.clone()).await,
        registered(["lead.*"]).await,
        registered(PatternBuilder::new().service("lead")).await,
    ] {
        assert_eq!(patterns, vec![one.clone()]);
    }
    let created = EventType::new("lead.created").unwrap();
    assert_eq!(registered(&created).await, registered(created.clone()).await);

    let two = [Pattern::new("*.completed").unwrap(), one.clone()];
    for patterns in [
        registered(["lead.*", "*.completed"]).await,
        registered(vec![text.clone(), "*.completed".into()]).await,
        registered(two.clone()).await,
        registered(two.to_vec()).await,
        registered(PatternBuilder::new().service("lead").category("completed")).await,
        registered([PatternBuilder::new().service("lead"), PatternBuilder::new().category("completed")]).await,
    ] {
        assert_eq!(patterns, two);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_takes_what_any_of_its_patterns_matches_and_each_event_once() {
    let (bus, taken, heard) = (bus(), Seen::new(), Seen::new());
    let several = ["lead.created", "*.scored", "lead.*"];
    let audit = Subscription::matching("audit", several).concurrency(1);
    bus.subscribe(audit.handler_with(taken.clone(), async |taken, event: RawEvent, _| {
        taken.note(event.envelope().event_type.to_string());
    }))
    .await
    .unwrap();
    let cache = Broadcast::matching("cache", ["lead.scored", "lead.lost"]);
    bus.listen(cache.handler_with(heard.clone(), async |heard, event: RawEvent, _| {
        heard.note(event.envelope().event_type.to_string());
    }))
    .await
    .unwrap();

    bus.publish(lead("l-1").event("acme")).await.unwrap();
    bus.publish(LeadScored { score: 80.0 }.event("acme")).await.unwrap();
    let mut types = taken.next_n(2).await;
    types.sort();
    assert_eq!(types, ["lead.created", "lead.scored"]);
    assert_eq!(heard.next().await, "lead.scored");
    bus.shutdown().await.unwrap();
    assert!(taken.is_empty().await && heard.is_empty().await);
}

#[tokio::test(start_paused = true)]
async fn mistakes_in_a_list_are_told_with_all_others_where_it_is_subscribed() {
    let bus = bus();
    let wrong = PatternBuilder::new().service("*").category("");
    let list = Subscription::matching("no spaces", [wrong, PatternBuilder::new()]).concurrency(0);
    let error = bus.subscribe(list.handler(async |_: RawEvent, _| ())).await.unwrap_err();
    assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidInput, 5), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_no_pattern_is_refused() {
    let none = Subscription::matching("audit", Vec::<Pattern>::new()).handler(async |_: RawEvent, _| ());
    let error = bus().subscribe(none).await.unwrap_err();
    assert!(error.to_string().contains("list of patterns is empty"), "{error}");
}
