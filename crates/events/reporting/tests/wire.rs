//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_reporting::{DashboardViewed, ReportGenerated, ReportType, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<ReportGenerated>();
    vectors.assert_round_trip::<DashboardViewed>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<ReportGenerated>();
    vectors.assert_null_is_absent::<DashboardViewed>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<ReportGenerated>("/reportId", "", "`data.reportId` is invalid: length is lower than 1");
    vectors.assert_refused::<DashboardViewed>(
        "/dashboardId",
        "",
        "`data.dashboardId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<DashboardViewed>("/viewDuration", -1, "`data.viewDuration` is invalid: lower than 0");
    vectors.assert_refused::<DashboardViewed>("/interactionCount", -1, "at `data.interactionCount`");
}

#[test]
fn a_report_type_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<ReportGenerated>("/type", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.report_type, ReportType::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.type`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<ReportGenerated>();
    assert_example::<DashboardViewed>();
}

#[test]
fn the_wire_form_and_schema_of_report_generated_are_as_reviewed() {
    insta::assert_snapshot!("report.generated", vectors().contract::<ReportGenerated>());
}

#[test]
fn the_wire_form_and_schema_of_dashboard_viewed_are_as_reviewed() {
    insta::assert_snapshot!("dashboard.viewed", vectors().contract::<DashboardViewed>());
}
