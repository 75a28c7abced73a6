use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// The score of a lead was computed anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "lead.scored", version = "1.0.0")]
pub struct LeadScored {
    /// The lead.
    #[garde(length(min = 1))]
    pub lead_id: String,
    /// The score before, in points of the scale in use.
    pub previous_score: f64,
    /// The score from now on, in points of the same scale.
    pub new_score: f64,
    /// What moved the score; may be empty.
    #[garde(dive)]
    pub factors: Vec<ScoreFactor>,
}

impl LeadScored {
    fn example() -> Self {
        let factor = |factor: &str, impact, confidence| ScoreFactor { factor: factor.into(), impact, confidence };
        Self {
            lead_id: "lead-123".into(),
            previous_score: 60.0,
            new_score: 85.0,
            factors: vec![factor("company_size", 15.0, 0.9), factor("engagement", 10.0, 0.8)],
        }
    }
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[garde(allow_unvalidated)]
pub struct ScoreFactor {
    /// What was looked at, such as `company_size`.
    pub factor: String,
    /// How far it moved the score, in points; below 0 if down.
    pub impact: f64,
    /// How sure that is: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
}
