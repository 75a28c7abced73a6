//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_core::ErrorKind;
use tekup_events_analytics::{ModelTrained, PredictionGenerated, PredictionType, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<PredictionGenerated>();
    vectors.assert_round_trip::<ModelTrained>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<PredictionGenerated>();
    vectors.assert_null_is_absent::<ModelTrained>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<PredictionGenerated>(
        "/predictionId",
        "",
        "`data.predictionId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<PredictionGenerated>("/modelId", "", "`data.modelId` is invalid: length is lower than 1");
    vectors.assert_refused::<PredictionGenerated>("/confidence", 1.5, "`data.confidence` is invalid: greater than 1");
    vectors.assert_refused::<ModelTrained>("/modelId", "", "`data.modelId` is invalid: length is lower than 1");
    vectors.assert_refused::<ModelTrained>("/trainingDuration", -1, "`data.trainingDuration` is invalid: lower than 0");
    vectors.assert_refused::<ModelTrained>("/dataPoints", -1, "at `data.dataPoints`");
}

#[test]
fn a_prediction_type_of_tomorrow_is_kept_and_not_published() {
    let event = vectors().changed::<PredictionGenerated>("/type", "of-tomorrow").unwrap();
    assert!(matches!(&event.data.prediction_type, PredictionType::Unknown(value) if value.as_str() == "of-tomorrow"));
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.type`"), "{error}");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<PredictionGenerated>();
    assert_example::<ModelTrained>();
}

#[test]
fn the_wire_form_and_schema_of_prediction_generated_are_as_reviewed() {
    insta::assert_snapshot!("prediction.generated", vectors().contract::<PredictionGenerated>());
}

#[test]
fn the_wire_form_and_schema_of_model_trained_are_as_reviewed() {
    insta::assert_snapshot!("model.trained", vectors().contract::<ModelTrained>());
}
