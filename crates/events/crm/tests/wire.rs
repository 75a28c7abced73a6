//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use serde_json::Value;
use tekup_core::{Event, RawEvent};
use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<LeadCreated>();
    vectors.assert_round_trip::<LeadScored>();
    vectors.assert_round_trip::<LeadConverted>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<LeadCreated>();
    vectors.assert_null_is_absent::<LeadScored>();
    vectors.assert_null_is_absent::<LeadConverted>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<LeadCreated>("/leadId", "", "`data.leadId` is invalid");
    vectors.assert_refused::<LeadCreated>("/companyId", "", "`data.companyId` is invalid");
    vectors.assert_refused::<LeadScored>("/factors/1/confidence", 1.5, "`data.factors[1].confidence` is invalid");
    vectors.assert_refused::<LeadConverted>("/dealId", "", "`data.dealId` is invalid");
    vectors.assert_refused::<LeadConverted>("/conversionTime", -1, "`data.conversionTime` is invalid: lower than 0");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<LeadCreated>();
    assert_example::<LeadScored>();
    assert_example::<LeadConverted>();
}

#[test]
fn the_wire_form_and_schema_of_lead_created_are_as_reviewed() {
    insta::assert_snapshot!("lead.created", vectors().contract::<LeadCreated>());
}

#[test]
fn the_wire_form_and_schema_of_lead_scored_are_as_reviewed() {
    insta::assert_snapshot!("lead.scored", vectors().contract::<LeadScored>());
}

#[test]
fn the_wire_form_and_schema_of_lead_converted_are_as_reviewed() {
    insta::assert_snapshot!("lead.converted", vectors().contract::<LeadConverted>());
}

#[test]
fn whatever_the_typescript_package_adds_to_an_envelope_survives_and_null_is_read_as_absent() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("vectors/lead-created.json")).unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let envelope = &case["envelope"];
        let json = envelope.to_string();
        assert_eq!(RawEvent::parse(json.clone()).unwrap().bytes(), &json, "{}", case["case"]);
        let typed = Event::<LeadCreated>::parse(&json).unwrap().to_json().unwrap();
        let written: Value = serde_json::from_slice(&typed).unwrap();
        assert_eq!(written, without_nulls(envelope), "{}", case["case"]);
    }
}

#[test]
fn a_missing_field_is_named() {
    let factors = serde_json::json!([{"factor": "company_size", "impact": 15}]);
    let error = vectors().changed::<LeadScored>("/factors", factors).unwrap_err().to_string();
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
