//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_marketing::{CampaignCompleted, CampaignLaunched, CampaignType, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<CampaignLaunched>();
    vectors.assert_round_trip::<CampaignCompleted>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<CampaignLaunched>();
    vectors.assert_null_is_absent::<CampaignCompleted>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<CampaignLaunched>(
        "/campaignId",
        "",
        "`data.campaignId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<CampaignLaunched>("/targetAudience", -1, "at `data.targetAudience`");
    vectors.assert_refused::<CampaignCompleted>(
        "/campaignId",
        "",
        "`data.campaignId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<CampaignCompleted>("/delivered", -1, "at `data.delivered`");
    vectors.assert_refused::<CampaignCompleted>("/opened", -1, "at `data.opened`");
    vectors.assert_refused::<CampaignCompleted>("/clicked", -1, "at `data.clicked`");
    vectors.assert_refused::<CampaignCompleted>("/converted", -1, "at `data.converted`");
}

#[test]
fn a_campaign_type_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<CampaignLaunched>("/type", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.campaign_type, CampaignType::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.type`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<CampaignLaunched>();
    assert_example::<CampaignCompleted>();
}

#[test]
fn the_wire_form_and_schema_of_campaign_launched_are_as_reviewed() {
    insta::assert_snapshot!("campaign.launched", vectors().contract::<CampaignLaunched>());
}

#[test]
fn the_wire_form_and_schema_of_campaign_completed_are_as_reviewed() {
    insta::assert_snapshot!("campaign.completed", vectors().contract::<CampaignCompleted>());
}
