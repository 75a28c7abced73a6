//! Rules of an event's data: kept at publish and at decode, all that are broken told at once.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::collections::HashMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{ErrorKind, Event, EventBus, RawEvent, Subscription, TekupEvent, UnknownValue, transport::DeadReason};

mod common;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(type = "signal.detected")]
struct SignalDetected {
    #[garde(length(min = 1))]
    signal_id: String,
    #[garde(range(min = 0.0, max = 1.0))]
    confidence: f64,
    #[garde(skip)]
    kind: Kind,
    #[garde(dive)]
    parts: Vec<Part>,
    #[serde(default)]
    #[garde(length(chars, max = 3))]
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
struct Part {
    #[garde(range(min = 0.0))]
    weight: f64,
    #[garde(skip)]
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Urgency,
    PainPoint,
    #[serde(untagged)]
    Unknown(UnknownValue),
}

fn signal(confidence: f64) -> SignalDetected {
    SignalDetected {
        signal_id: "s-1".into(), confidence, kind: Kind::PainPoint, parts: Vec::new(), note: "æøå".into()
    }
}

/// The wire form of an event whose data is this JSON.
fn stored(data: &str) -> String {
    format!(
        r#"{{"id":"018f6c9a-0000-7000-8000-000000000016","type":"signal.detected","version":"1.0.0","tenantId":"acme",
        "timestamp":"2025-09-14T10:15:30.123Z","data":{data}}}"#
    )
}

#[test]
fn an_event_that_breaks_rules_is_refused_at_publish_with_all_of_them() {
    let parts = vec![Part { weight: 1.0, kind: Kind::Urgency }, Part { weight: -1.0, kind: Kind::Urgency }];
    let data = SignalDetected { signal_id: String::new(), parts, ..signal(1.5) };
    let error = data.event("acme").build().unwrap().to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        error.problems(),
        [
            "`data.confidence` is invalid: greater than 1",
            "`data.parts[1].weight` is invalid: lower than 0",
            "`data.signalId` is invalid: length is lower than 1",
        ]
    );
}

#[test]
fn of_many_rules_that_are_broken_some_are_told_and_the_others_counted() {
    let parts = vec![Part { weight: -1.0, kind: Kind::Urgency }; 1_000];
    let error = SignalDetected { parts, ..signal(0.5) }.event("acme").build().unwrap().to_json().unwrap_err();
    assert_eq!(error.problems().len(), 21);
    assert_eq!(error.problems()[20], "and 980 more");
}

#[test]
fn an_unknown_value_is_refused_wherever_it_stands() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "votes.counted")]
    struct VotesCounted {
        votes: HashMap<Word, u32>,
        last: UnknownValue,
    }
    #[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(transparent)]
    struct Word(UnknownValue);

    let schema = VotesCounted::descriptor().schema();
    let reference = schema.pointer("/properties/last/$ref").unwrap().as_str().unwrap();
    assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "a reference leads somewhere: {schema:?}");

    let json = stored(r#"{"votes":{"yes":1},"last":"no"}"#).replace("signal.detected", "votes.counted");
    let error = Event::<VotesCounted>::parse(json).unwrap().to_json().unwrap_err();
    let told = "holds a value that its set does not know: publish one of the set";
    assert_eq!(error.problems(), [format!("`data.votes.yes` {told}"), format!("`data.last` {told}")]);
}

#[test]
fn what_json_lacks_is_told_beside_the_rules_that_are_broken() {
    let data = SignalDetected { signal_id: String::new(), ..signal(f64::NAN) };
    let error = data.event("acme").build().unwrap().to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.problems().iter().any(|told| told.starts_with("`data.confidence` is NaN")), "{error}");
}

#[test]
fn the_rules_stand_in_the_schema() {
    let schema = serde_json::to_value(SignalDetected::descriptor().schema()).unwrap();
    assert_eq!(schema.pointer("/properties/confidence/maximum").unwrap(), &serde_json::json!(1.0));
    assert_eq!(schema.pointer("/properties/signalId/minLength").unwrap(), &serde_json::json!(1));
    assert_eq!(schema.pointer("/properties/note/maxLength").unwrap(), &serde_json::json!(3));
    assert!(signal(0.5).event("acme").build().unwrap().to_json().is_ok(), "three characters are six bytes");
}

#[test]
fn an_event_that_breaks_rules_is_refused_where_it_is_read() {
    let json = stored(r#"{"signalId":"","confidence":-0.5,"kind":"urgency","parts":[{"weight":-1,"kind":"urgency"}]}"#);
    let told = [Event::<SignalDetected>::parse(&json), RawEvent::parse(json).unwrap().decode()].map(Result::unwrap_err);
    for error in told {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.problems().len(), 3, "{error}");
    }
}

#[test]
fn a_value_that_a_closed_set_does_not_know_is_kept_where_it_is_read_and_refused_where_it_is_published() {
    let json = stored(r#"{"signalId":"s","confidence":1,"kind":"fomo","parts":[{"weight":1,"kind":"envy"}]}"#);
    let event = Event::<SignalDetected>::parse(json).unwrap();
    assert!(matches!(&event.data.kind, Kind::Unknown(value) if value.as_str() == "fomo"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let told = "holds a value that its set does not know: publish one of the set";
    assert_eq!(error.problems(), [format!("`data.kind` {told}"), format!("`data.parts[0].kind` {told}")]);
    // Whatever else writes JSON on this thread afterwards is not suspected.
    assert!(signal(0.5).event("acme").build().unwrap().to_json().is_ok());
}

#[test]
fn the_schema_of_a_closed_set_lists_the_known_values_only() {
    let schema = serde_json::to_value(SignalDetected::descriptor().schema()).unwrap();
    assert_eq!(schema.pointer("/$defs/Kind/enum").unwrap(), &serde_json::json!(["urgency", "pain_point"]));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_breaks_rules_is_not_published_and_one_that_was_stored_is_dead_with_all_of_them() {
    let bus = EventBus::in_memory("scoring").unwrap();
    let handler = async |event: Event<SignalDetected>, _| -> () { panic!("given to a handler: {event:?}") };
    bus.subscribe(Subscription::to::<SignalDetected>("reader").handler(handler)).await.unwrap();

    let refused = bus.publish(signal(2.0).event("acme")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);

    let json = stored(r#"{"signalId":"","confidence":7,"kind":"urgency","parts":[]}"#);
    bus.publish(RawEvent::parse(json).unwrap()).await.unwrap();
    let letter = common::only_letter(&bus, "scoring/reader").await;
    assert_eq!(letter.reason, DeadReason::Invalid);
    assert!(letter.error.contains("`data.signalId`") && letter.error.contains("confidence"), "{}", letter.error);
    assert_eq!(bus.books("scoring/reader").await.unwrap().published, 1);
}
