//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_events_media::{ImageAnalyzed, VoiceTranscribed, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<VoiceTranscribed>();
    vectors.assert_round_trip::<ImageAnalyzed>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<VoiceTranscribed>();
    vectors.assert_null_is_absent::<ImageAnalyzed>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<VoiceTranscribed>(
        "/recordingId",
        "",
        "`data.recordingId` is invalid: length is lower than 1",
    );
    vectors.assert_refused::<VoiceTranscribed>("/duration", -1, "`data.duration` is invalid: lower than 0");
    vectors.assert_refused::<VoiceTranscribed>("/confidence", 1.5, "`data.confidence` is invalid: greater than 1");
    vectors.assert_refused::<VoiceTranscribed>("/speakers", -1, "at `data.speakers`");
    vectors.assert_refused::<ImageAnalyzed>("/imageId", "", "`data.imageId` is invalid: length is lower than 1");
    vectors.assert_refused::<ImageAnalyzed>("/faces", -1, "at `data.faces`");
    vectors.assert_refused::<ImageAnalyzed>(
        "/objects/0/confidence",
        -0.1,
        "`data.objects[0].confidence` is invalid: lower than 0",
    );
    vectors.assert_refused::<ImageAnalyzed>("/objects/0/bbox", vec![10, 20, 300], "at `data.objects[0].bbox");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<VoiceTranscribed>();
    assert_example::<ImageAnalyzed>();
}

#[test]
fn the_wire_form_and_schema_of_voice_transcribed_are_as_reviewed() {
    insta::assert_snapshot!("voice.transcribed", vectors().contract::<VoiceTranscribed>());
}

#[test]
fn the_wire_form_and_schema_of_image_analyzed_are_as_reviewed() {
    insta::assert_snapshot!("image.analyzed", vectors().contract::<ImageAnalyzed>());
}
