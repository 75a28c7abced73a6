use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A campaign is over and counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "campaign.completed", version = "1.0.0")]
pub struct CampaignCompleted {
    /// The campaign.
    #[garde(length(min = 1))]
    pub campaign_id: String,
    /// How many messages arrived.
    pub delivered: u64,
    /// How many of these were opened.
    pub opened: u64,
    /// How many times a link was followed.
    pub clicked: u64,
    /// How many people did what they were to do.
    pub converted: u64,
    /// What it brought, in whole units of the tenant's currency (125000.50, not cents).
    pub revenue: f64,
    /// What it brought beyond its cost, in percent of the cost; below 0 for a loss.
    pub roi: f64,
}

impl CampaignCompleted {
    fn example() -> Self {
        Self {
            campaign_id: "campaign-123".into(),
            delivered: 10_000,
            opened: 2_500,
            clicked: 500,
            converted: 50,
            revenue: 125_000.0,
            roi: 450.0,
        }
    }
}
