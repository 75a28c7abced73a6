use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A customer has an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "support.session.resolved", version = "1.0.0")]
pub struct SupportSessionResolved {
    /// The session.
    #[garde(length(min = 1))]
    pub session_id: String,
    /// From the first word to the answer, in milliseconds, 0 or more; may have a fraction.
    #[garde(range(min = 0.0))]
    pub resolution_time: f64,
    /// How content the customer is, on the scale of the survey; commonly 1 (not at all) to 5 (very).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<f64>,
    /// Whether somebody else had to be asked.
    pub escalated: bool,
    /// What it was about, such as `billing`.
    pub category: String,
}

impl SupportSessionResolved {
    fn example() -> Self {
        Self {
            session_id: "session-123".into(),
            resolution_time: 5_400_000.0,
            satisfaction: Some(4.5),
            escalated: false,
            category: "billing".into(),
        }
    }
}
