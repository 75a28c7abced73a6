//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use serde_json::Value;
use tekup_core::{Event, TekupEvent};
use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored, descriptors};

fn vector<T: TekupEvent>() -> Value {
    let mut all: Value = serde_json::from_str(include_str!("vectors/envelopes.json")).unwrap();
    all[T::TYPE].take()
}

fn read<T: TekupEvent>(envelope: &Value) -> Event<T> {
    Event::parse(envelope.to_string()).unwrap()
}

fn written<T: TekupEvent>(event: &Event<T>) -> Value {
    serde_json::from_slice(&event.to_json().unwrap()).unwrap()
}

/// All that a reader of another language must know of an event.
fn contract<T: TekupEvent>() -> String {
    let json = read::<T>(&vector::<T>()).to_raw().unwrap().json().to_owned();
    let schema = serde_json::to_string_pretty(&T::descriptor().schema()).unwrap();
    format!("{} {} {}\n\n{json}\n\n{schema}", T::TYPE, T::VERSION, T::PRIORITY)
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let of_each = [
        written(&read::<LeadCreated>(&vector::<LeadCreated>())),
        written(&read::<LeadScored>(&vector::<LeadScored>())),
        written(&read::<LeadConverted>(&vector::<LeadConverted>())),
    ];
    assert_eq!(of_each, [vector::<LeadCreated>(), vector::<LeadScored>(), vector::<LeadConverted>()]);
    assert_eq!(of_each.len(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn the_wire_form_and_schema_of_lead_created_are_as_reviewed() {
    insta::assert_snapshot!("lead.created", contract::<LeadCreated>());
}

#[test]
fn the_wire_form_and_schema_of_lead_scored_are_as_reviewed() {
    insta::assert_snapshot!("lead.scored", contract::<LeadScored>());
}

#[test]
fn the_wire_form_and_schema_of_lead_converted_are_as_reviewed() {
    insta::assert_snapshot!("lead.converted", contract::<LeadConverted>());
}

#[test]
fn whatever_the_typescript_package_adds_to_an_envelope_survives_and_null_is_read_as_absent() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("vectors/lead-created.json")).unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let envelope = &case["envelope"];
        assert_eq!(written(&read::<LeadCreated>(envelope)), without_nulls(envelope), "{}", case["case"]);
    }
}

#[test]
fn a_missing_field_is_named() {
    let mut envelope = vector::<LeadScored>();
    envelope["data"]["factors"][1].as_object_mut().unwrap().remove("confidence");
    let error = Event::<LeadScored>::parse(envelope.to_string()).unwrap_err().to_string();
    assert!(error.contains("confidence") && error.contains("factors"), "{error}");
}

/// The fields of the envelope and of its data, without those that are null; deeper ones are the user's own.
fn without_nulls(envelope: &Value) -> Value {
    let mut envelope = envelope.clone();
    for fields in ["", "/data"] {
        envelope.pointer_mut(fields).unwrap().as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    envelope
}
