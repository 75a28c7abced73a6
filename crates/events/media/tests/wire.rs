//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_events_media::{ImageAnalyzed, VoiceTranscribed, descriptors};
use tekup_testkit::wire::Vectors;

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
    let table = [
        (
            vectors.changed::<VoiceTranscribed>("/recordingId", "").map(drop),
            "`data.recording_id` is invalid: length is lower than 1",
        ),
        (vectors.changed::<VoiceTranscribed>("/duration", -1).map(drop), "`data.duration` is invalid: lower than 0"),
        (
            vectors.changed::<VoiceTranscribed>("/confidence", 1.5).map(drop),
            "`data.confidence` is invalid: greater than 1",
        ),
        (vectors.changed::<VoiceTranscribed>("/speakers", -1).map(drop), "at `data.speakers`"),
        (
            vectors.changed::<ImageAnalyzed>("/imageId", "").map(drop),
            "`data.image_id` is invalid: length is lower than 1",
        ),
        (vectors.changed::<ImageAnalyzed>("/faces", -1).map(drop), "at `data.faces`"),
        (
            vectors.changed::<ImageAnalyzed>("/objects/0/confidence", -0.1).map(drop),
            "`data.objects[0].confidence` is invalid: lower than 0",
        ),
        (vectors.changed::<ImageAnalyzed>("/objects/0/bbox", vec![10, 20, 300]).map(drop), "at `data.objects[0].bbox"),
    ];
    for (read, told) in table {
        let error = read.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn the_wire_form_and_schema_of_voice_transcribed_are_as_reviewed() {
    insta::assert_snapshot!("voice.transcribed", vectors().contract::<VoiceTranscribed>());
}

#[test]
fn the_wire_form_and_schema_of_image_analyzed_are_as_reviewed() {
    insta::assert_snapshot!("image.analyzed", vectors().contract::<ImageAnalyzed>());
}
