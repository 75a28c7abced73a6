//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_proposal::{BuyingSignalDetected, ProposalCreated, SignalType, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<ProposalCreated>();
    vectors.assert_round_trip::<BuyingSignalDetected>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<ProposalCreated>();
    vectors.assert_null_is_absent::<BuyingSignalDetected>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<ProposalCreated>(
        "/proposalId",
        "",
        "`data.proposalId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<ProposalCreated>("/confidence", 1.5, "`data.confidence` is invalid: greater than 1");
    vectors.assert_refused::<ProposalCreated>("/leadId", "", "`data.leadId` is invalid: length is lower than 1");
    vectors.assert_refused::<BuyingSignalDetected>(
        "/proposalId",
        "",
        "`data.proposalId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<BuyingSignalDetected>("/confidence", 1.5, "`data.confidence` is invalid: greater than 1");
    vectors.assert_refused::<BuyingSignalDetected>("/position", -1, "at `data.position`");
}

#[test]
fn a_signal_type_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<BuyingSignalDetected>("/signalType", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.signal_type, SignalType::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.signalType`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<ProposalCreated>();
    assert_example::<BuyingSignalDetected>();
}

#[test]
fn the_wire_form_and_schema_of_proposal_created_are_as_reviewed() {
    insta::assert_snapshot!("proposal.created", vectors().contract::<ProposalCreated>());
}

#[test]
fn the_wire_form_and_schema_of_buying_signal_detected_are_as_reviewed() {
    insta::assert_snapshot!("buying-signal.detected", vectors().contract::<BuyingSignalDetected>());
}
