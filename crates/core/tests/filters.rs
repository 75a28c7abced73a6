//! Which events a filter means.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use common::{LeadCreated, Seen, bus, lead};
use serde_json::{Value, json};
use tekup_core::{Draft, Event, EventFilter, Metadata, RawEvent, Subscription, TekupEvent, Timestamp};

const NOON: &str = "2025-09-14T12:00:00.000Z";

/// An event at noon.
fn event() -> Draft<LeadCreated> {
    lead("l-1").event("acme").timestamp(NOON.parse().unwrap())
}

fn takes(filter: &EventFilter, draft: Draft<LeadCreated>) -> bool {
    filter.matches(&draft.build().unwrap().envelope)
}

fn of_users(users: &[&str]) -> EventFilter {
    EventFilter { users: users.iter().map(|user| user.parse().unwrap()).collect(), ..EventFilter::default() }
}

fn with(fields: &[(&str, Value)]) -> EventFilter {
    let mut metadata = Metadata::default();
    fields.iter().for_each(|(name, value)| metadata.insert(*name, value).unwrap());
    EventFilter { metadata, ..EventFilter::default() }
}

#[test]
fn a_filter_that_says_nothing_takes_every_event() {
    assert!(takes(&EventFilter::default(), event()));
    assert!(takes(&EventFilter::default(), event().user("u-1").metadata("source", "csv")));
}

#[test]
fn types_are_patterns_of_which_one_must_match_the_whole_type() {
    let table = [
        (&["lead.created"][..], true),
        (&["lead.*"], true),
        (&["*"], true),
        (&["campaign.*", "*.created"], true),
        (&["lead.scored"], false),
        (&["ead.created*"], false),
        (&["lead.create*.x"], false),
    ];
    for (types, taken) in table {
        let types = types.iter().map(|pattern| pattern.parse().unwrap()).collect();
        let filter = EventFilter { types, ..EventFilter::default() };
        assert_eq!(takes(&filter, event()), taken, "{filter:?}");
    }
}

#[test]
fn of_tenants_one_must_be_the_events_own() {
    for (tenants, taken) in [(&["acme"][..], true), (&["other", "acme"], true), (&["other"], false)] {
        let tenants = tenants.iter().map(|tenant| tenant.parse().unwrap()).collect();
        assert_eq!(takes(&EventFilter { tenants, ..EventFilter::default() }, event()), taken);
    }
}

#[test]
fn an_event_without_a_user_does_not_pass_a_filter_of_users() {
    let table = [
        (&["u-1"][..], Some("u-1"), true),
        (&["u-2", "u-1"], Some("u-1"), true),
        (&["u-2"], Some("u-1"), false),
        (&["u-1"], None, false),
        (&[], None, true),
    ];
    for (users, user, taken) in table {
        let draft = match user {
            Some(user) => event().user(user),
            None => event(),
        };
        assert_eq!(takes(&of_users(users), draft), taken, "{users:?} and {user:?}");
    }
}

#[test]
fn both_ends_of_the_time_are_part_of_it() {
    let (before, after) = ("2025-09-14T11:59:59.999Z", "2025-09-14T12:00:00.001Z");
    let table = [
        (Some(NOON), Some(NOON), true),
        (Some(before), Some(after), true),
        (Some(NOON), None, true),
        (None, Some(NOON), true),
        (Some(after), None, false),
        (None, Some(before), false),
        (Some(after), Some(before), false),
    ];
    for (from, to, taken) in table {
        let time = |text: Option<&str>| text.map(|text| text.parse::<Timestamp>().unwrap());
        let filter = EventFilter { from: time(from), to: time(to), ..EventFilter::default() };
        assert_eq!(takes(&filter, event()), taken, "{from:?} to {to:?}");
    }
}

#[test]
fn fields_of_the_metadata_are_compared_by_value() {
    let written = r#"{"ratio":1.0,"huge":9007199254740993,"name":"\u00e9","place":{"b":[1,2],"a":null},"none":null}"#;
    let json = format!(
        r#"{{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","tenantId":"acme",
            "timestamp":"{NOON}","metadata":{written},"data":{{}}}}"#
    );
    let event = RawEvent::parse(json).unwrap();
    let table = [
        (with(&[("ratio", json!(1))]), true),
        (with(&[("huge", json!(9_007_199_254_740_993_u64))]), true),
        (with(&[("huge", json!(9_007_199_254_740_992_u64))]), false),
        (with(&[("name", json!("é"))]), true),
        (with(&[("place", json!({"a": null, "b": [1.0, 2]}))]), true),
        (with(&[("place", json!({"b": [1, 2]}))]), false),
        (with(&[("place", json!({"a": null, "b": [2, 1]}))]), false),
        (with(&[("none", json!(null))]), true),
        (with(&[("absent", json!(null))]), false),
        (with(&[("ratio", json!("1"))]), false),
        (with(&[("ratio", json!(1)), ("name", json!("é"))]), true),
        (with(&[("ratio", json!(1)), ("name", json!("e"))]), false),
    ];
    for (filter, taken) in table {
        assert_eq!(filter.matches(event.envelope()), taken, "{:?}", filter.metadata);
    }
}

#[test]
fn all_that_a_filter_says_must_hold() {
    let whole = EventFilter {
        types: vec!["lead.*".parse().unwrap()],
        tenants: vec!["acme".parse().unwrap()],
        from: Some(NOON.parse().unwrap()),
        to: Some(NOON.parse().unwrap()),
        users: of_users(&["u-1"]).users,
        metadata: with(&[("source", json!("csv"))]).metadata,
    };
    let good = || event().user("u-1").metadata("source", "csv");
    assert!(takes(&whole, good()));
    for one_is_wrong in [good().user("u-2"), good().metadata("source", "web"), good().timestamp(Timestamp::now())] {
        assert!(!takes(&whole, one_is_wrong));
    }
    for (types, tenants) in [(vec!["task.*"], vec!["acme"]), (vec!["lead.*"], vec!["other"])] {
        let types = types.into_iter().map(|pattern| pattern.parse().unwrap()).collect();
        let tenants = tenants.into_iter().map(|tenant| tenant.parse().unwrap()).collect();
        assert!(!takes(&EventFilter { types, tenants, ..whole.clone() }, good()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_handles_what_its_filter_means_typed_or_raw() {
    let (bus, seen) = (bus(), Seen::new());
    let wanted = of_users(&["u-1"]);
    let typed = Subscription::to::<LeadCreated>("typed").filter({
        let wanted = wanted.clone();
        move |event| wanted.matches(&event.envelope)
    });
    let raw = Subscription::matching("raw", "*").filter(move |event: &RawEvent| wanted.matches(event.envelope()));
    let typed = typed.handler_with(seen.clone(), async |seen, event: Event<LeadCreated>, _| {
        seen.note(format!("typed {}", event.data.lead_id));
    });
    let raw = raw.handler_with(seen.clone(), async |seen, event: RawEvent, _| {
        seen.note(format!("raw {}", event.decode::<LeadCreated>().unwrap().data.lead_id));
    });
    bus.subscribe(typed).await.unwrap();
    bus.subscribe(raw).await.unwrap();
    for (id, user) in [("nobodys", None), ("others", Some("u-2")), ("own", Some("u-1"))] {
        let draft = lead(id).event("acme");
        bus.publish(user.map_or(draft.clone(), |user| draft.user(user))).await.unwrap();
    }
    let mut handled = seen.next_n(2).await;
    handled.sort();
    assert_eq!(handled, ["raw own", "typed own"]);
    bus.shutdown().await.unwrap();
    assert!(seen.is_empty().await);
    assert_eq!(bus.process_counters().filtered, 4);
}
