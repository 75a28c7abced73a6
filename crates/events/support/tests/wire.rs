//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_support::{
    SupportChannel, SupportPriority, SupportSessionResolved, SupportSessionStarted, descriptors,
};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<SupportSessionStarted>();
    vectors.assert_round_trip::<SupportSessionResolved>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<SupportSessionStarted>();
    vectors.assert_null_is_absent::<SupportSessionResolved>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<SupportSessionStarted>(
        "/sessionId",
        "",
        "`data.sessionId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<SupportSessionStarted>(
        "/contactId",
        "",
        "`data.contactId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<SupportSessionResolved>(
        "/sessionId",
        "",
        "`data.sessionId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<SupportSessionResolved>(
        "/resolutionTime",
        -1,
        "`data.resolutionTime` is invalid: lower than 0",
    );
}

#[test]
fn a_support_channel_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<SupportSessionStarted>("/channel", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.channel, SupportChannel::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.channel`"), "{error}");
}

#[test]
fn a_support_priority_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<SupportSessionStarted>("/priority", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.priority, SupportPriority::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.priority`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<SupportSessionStarted>();
    assert_example::<SupportSessionResolved>();
}

#[test]
fn the_wire_form_and_schema_of_support_session_started_are_as_reviewed() {
    insta::assert_snapshot!("support.session.started", vectors().contract::<SupportSessionStarted>());
}

#[test]
fn the_wire_form_and_schema_of_support_session_resolved_are_as_reviewed() {
    insta::assert_snapshot!("support.session.resolved", vectors().contract::<SupportSessionResolved>());
}
