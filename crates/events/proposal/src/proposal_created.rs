use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A proposal was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "proposal.created", version = "1.0.0")]
pub struct ProposalCreated {
    /// The proposal.
    #[garde(length(min = 1))]
    pub proposal_id: String,
    /// Whom it is for, as people call them.
    pub client_name: String,
    /// What it is expected to bring, in whole units of the tenant's currency (150000.50, not cents).
    pub estimated_value: f64,
    /// How sure the estimate is: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// The lead that it came from, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1))]
    pub lead_id: Option<String>,
}

impl ProposalCreated {
    fn example() -> Self {
        Self {
            proposal_id: "prop-123".into(),
            client_name: "Acme Corp".into(),
            estimated_value: 150_000.0,
            confidence: 0.87,
            lead_id: Some("lead-456".into()),
        }
    }
}
