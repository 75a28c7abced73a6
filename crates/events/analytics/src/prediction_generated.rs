use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tekup_core::{TekupEvent, UnknownValue};

/// A model has foretold something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "prediction.generated", version = "1.0.0")]
pub struct PredictionGenerated {
    /// The prediction.
    #[garde(length(min = 1))]
    pub prediction_id: String,
    /// The model that made it.
    #[garde(length(min = 1))]
    pub model_id: String,
    /// What is foretold.
    #[serde(rename = "type")]
    pub prediction_type: PredictionType,
    /// How sure that is: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// What the model was given, by the name of each feature.
    pub input: Map<String, Value>,
    /// What the model answered, by the name of each figure.
    pub output: Map<String, Value>,
}

impl PredictionGenerated {
    fn example() -> Self {
        Self {
            prediction_id: "pred-123".into(),
            model_id: "model-456".into(),
            prediction_type: PredictionType::LeadScore,
            confidence: 0.89,
            input: [("company_size".into(), "enterprise".into()), ("source".into(), "referral".into())]
                .into_iter()
                .collect(),
            output: [("score".into(), 85.into()), ("probability".into(), 0.73.into())].into_iter().collect(),
        }
    }
}

/// What a model foretells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PredictionType {
    /// How likely a lead is to buy.
    LeadScore,
    /// How likely a customer is to leave.
    ChurnRisk,
    /// What will be earned.
    RevenueForecast,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
