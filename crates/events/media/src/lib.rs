//! What was heard in a recording and seen in an image.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`VoiceTranscribed`] | `voice.transcribed` | medium | a recording was put into words |
//! | [`ImageAnalyzed`] | `image.analyzed` | medium | an image was looked at |
//!
//! `voice.*` takes the first, `image.*` the second. On the wire every field is camelCase; an optional field that is
//! absent is not written, and `null` is read as absent.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_media::{DetectedObject, ImageAnalyzed, VoiceTranscribed};
//!
//! let transcribed = VoiceTranscribed {
//!     recording_id: "rec-123".into(),
//!     duration: 312.4,
//!     language: "da".into(),
//!     confidence: 0.96,
//!     speakers: 2,
//!     keywords: vec!["price".into(), "delivery".into()],
//! };
//! let event = transcribed.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "voice.transcribed");
//! assert!(event.to_raw()?.json().contains(r#""duration":312.4"#));
//!
//! let analyzed = ImageAnalyzed {
//!     image_id: "img-123".into(),
//!     objects: vec![DetectedObject { name: "forklift".into(), confidence: 0.91, bbox: [10.0, 20.0, 300.0, 180.5] }],
//!     faces: 0,
//!     text: Some("EXIT".into()),
//!     sentiment: Some("neutral".into()),
//! };
//! let event = analyzed.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "image.analyzed");
//! assert!(event.to_raw()?.json().contains(r#""objects":[{"name":"forklift","confidence":0.91,"bbox":[10,20,300,180.5]}]"#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod image_analyzed;
mod voice_transcribed;

use tekup_core::{EventDescriptor, TekupEvent};

pub use image_analyzed::{DetectedObject, ImageAnalyzed};
pub use voice_transcribed::VoiceTranscribed;

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_media::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["voice.transcribed", "image.analyzed"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [VoiceTranscribed::descriptor(), ImageAnalyzed::descriptor()]
}
