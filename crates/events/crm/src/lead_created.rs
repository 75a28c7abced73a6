use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A lead is known for the first time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "lead.created", version = "1.0.0")]
pub struct LeadCreated {
    /// The lead.
    #[garde(length(min = 1))]
    pub lead_id: String,
    /// Where the lead came from, such as `website` or `referral`.
    pub source: String,
    /// First estimate of how likely the lead is to buy, in points of the scale in use; commonly 0 (never) to 100
    /// (certain).
    pub score: f64,
    /// The person, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1))]
    pub contact_id: Option<String>,
    /// The company, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1))]
    pub company_id: Option<String>,
}

impl LeadCreated {
    /// A lead whose person and company are not known.
    ///
    /// ```
    /// assert_eq!(tekup_events_crm::LeadCreated::new("lead-123", "website", 75.0).company_id, None);
    /// ```
    #[must_use]
    pub fn new(lead_id: impl Into<String>, source: impl Into<String>, score: f64) -> Self {
        Self { lead_id: lead_id.into(), source: source.into(), score, contact_id: None, company_id: None }
    }

    fn example() -> Self {
        Self {
            contact_id: Some("contact-456".into()),
            company_id: Some("company-789".into()),
            ..Self::new("lead-123", "referral", 85.0)
        }
    }
}
