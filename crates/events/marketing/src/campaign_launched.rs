use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, Timestamp, UnknownValue};

/// A campaign was released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "campaign.launched", version = "1.0.0")]
pub struct CampaignLaunched {
    /// The campaign.
    #[garde(length(min = 1))]
    pub campaign_id: String,
    /// How it reaches people.
    #[serde(rename = "type")]
    pub campaign_type: CampaignType,
    /// How many people it is to reach.
    pub target_audience: u64,
    /// When it begins.
    pub scheduled_at: Timestamp,
    /// Whether a model wrote it.
    pub ai_generated: bool,
}

impl CampaignLaunched {
    fn example() -> Option<Self> {
        // Only its time could be wrong, and a test sees that it is not.
        Some(Self {
            campaign_id: "campaign-123".into(),
            campaign_type: CampaignType::Email,
            target_audience: 12_000,
            scheduled_at: "2025-09-15T06:00:00Z".parse().ok()?,
            ai_generated: true,
        })
    }
}

/// How a campaign reaches people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CampaignType {
    /// By mail.
    Email,
    /// By text message.
    Sms,
    /// In social networks.
    Social,
    /// By notifications of an app.
    Push,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
