//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_content::{ContentGenerated, ContentPublished, ContentType, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<ContentGenerated>();
    vectors.assert_round_trip::<ContentPublished>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<ContentGenerated>();
    vectors.assert_null_is_absent::<ContentPublished>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<ContentGenerated>("/contentId", "", "`data.contentId` is invalid: length is lower than 1");
    vectors.assert_refused::<ContentGenerated>("/wordCount", -1, "at `data.wordCount`");
    vectors.assert_refused::<ContentPublished>("/contentId", "", "`data.contentId` is invalid: length is lower than 1");
}

#[test]
fn a_content_type_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<ContentGenerated>("/type", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.content_type, ContentType::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.type`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<ContentGenerated>();
    assert_example::<ContentPublished>();
}

#[test]
fn the_wire_form_and_schema_of_content_generated_are_as_reviewed() {
    insta::assert_snapshot!("content.generated", vectors().contract::<ContentGenerated>());
}

#[test]
fn the_wire_form_and_schema_of_content_published_are_as_reviewed() {
    insta::assert_snapshot!("content.published", vectors().contract::<ContentPublished>());
}
