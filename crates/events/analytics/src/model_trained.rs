use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A model can be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "model.trained", version = "1.0.0")]
pub struct ModelTrained {
    /// The model.
    #[garde(length(min = 1))]
    pub model_id: String,
    /// How it works, such as `gradient_boosting`.
    #[serde(rename = "type")]
    pub model_type: String,
    /// How well it did in its test, by the measure of those who trained it; commonly 0 (always wrong) to 1 (always
    /// right).
    pub accuracy: f64,
    /// How long it was trained, in milliseconds, 0 or more; may have a fraction.
    #[garde(range(min = 0.0))]
    pub training_duration: f64,
    /// How many examples it was trained with.
    pub data_points: u64,
    /// Its own version, such as `2.3.0`; apart from the version of the event.
    pub version: String,
}

impl ModelTrained {
    fn example() -> Self {
        Self {
            model_id: "model-456".into(),
            model_type: "gradient_boosting".into(),
            accuracy: 0.934,
            training_duration: 845_000.0,
            data_points: 120_000,
            version: "2.3.0".into(),
        }
    }
}
