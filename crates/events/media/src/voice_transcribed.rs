use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A recording was put into words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "voice.transcribed", version = "1.0.0")]
pub struct VoiceTranscribed {
    /// The recording.
    #[garde(length(min = 1))]
    pub recording_id: String,
    /// How long it is, in seconds: 0 or more.
    #[garde(range(min = 0.0))]
    pub duration: f64,
    /// What is spoken, as a language code such as `da` or `en-GB`.
    pub language: String,
    /// How sure the words are: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// How many people speak.
    pub speakers: u64,
    /// The words that matter; may be empty.
    pub keywords: Vec<String>,
}

impl VoiceTranscribed {
    fn example() -> Self {
        Self {
            recording_id: "rec-123".into(),
            duration: 312.4,
            language: "da".into(),
            confidence: 0.96,
            speakers: 2,
            keywords: ["price", "delivery"].map(Into::into).into(),
        }
    }
}
