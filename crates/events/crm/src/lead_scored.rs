use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// The score of a lead was computed anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(type = "lead.scored", version = "1.0.0")]
pub struct LeadScored {
    /// The lead.
    pub lead_id: String,
    /// The score before, in points: 0 to 100.
    pub previous_score: f64,
    /// The score from now on, in points: 0 to 100.
    pub new_score: f64,
    /// What moved the score; may be empty.
    pub factors: Vec<ScoreFactor>,
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreFactor {
    /// What was looked at, such as `company_size`.
    pub factor: String,
    /// How far it moved the score, in points: -100 to 100.
    pub impact: f64,
    /// How sure that is: 0 (a guess) to 1 (certain).
    pub confidence: f64,
}
