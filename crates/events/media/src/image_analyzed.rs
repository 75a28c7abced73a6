use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// An image was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "image.analyzed", version = "1.0.0")]
pub struct ImageAnalyzed {
    /// The image.
    #[garde(length(min = 1))]
    pub image_id: String,
    /// What is on it; may be empty.
    #[garde(dive)]
    pub objects: Vec<DetectedObject>,
    /// How many faces are on it.
    pub faces: u64,
    /// What is written on it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The mood of it, such as `neutral`, if one was made out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<String>,
}

impl ImageAnalyzed {
    fn example() -> Self {
        let forklift = DetectedObject { name: "forklift".into(), confidence: 0.91, bbox: [10.0, 20.0, 300.0, 180.5] };
        Self {
            image_id: "img-123".into(),
            objects: vec![forklift],
            faces: 0,
            text: Some("EXIT".into()),
            sentiment: Some("neutral".into()),
        }
    }
}

/// One thing on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[garde(allow_unvalidated)]
pub struct DetectedObject {
    /// What it is, such as `forklift`.
    pub name: String,
    /// How sure that is: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// The box around it, in pixels, fractions too: x and y of its upper left corner, counted from that of the image to
    /// the right and down, then width and height. These two are not negative, though no rule checks it.
    pub bbox: [f64; 4],
}
