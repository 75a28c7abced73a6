use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A lead has become a deal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "lead.converted", version = "1.0.0", priority = "high")]
pub struct LeadConverted {
    /// The lead.
    #[garde(length(min = 1))]
    pub lead_id: String,
    /// The deal that it became.
    #[garde(length(min = 1))]
    pub deal_id: String,
    /// What the deal is worth, in whole units of the tenant's currency (75000.50, not cents).
    pub conversion_value: f64,
    /// From the lead's creation to the deal, in milliseconds, 0 or more; may have a fraction.
    #[garde(range(min = 0.0))]
    pub conversion_time: f64,
    /// What the lead met on its way, the first contact first.
    pub touchpoints: Vec<String>,
}

impl LeadConverted {
    fn example() -> Self {
        Self {
            lead_id: "lead-123".into(),
            deal_id: "deal-456".into(),
            conversion_value: 75_000.0,
            conversion_time: 1_209_600_000.0,
            touchpoints: ["website", "demo", "proposal"].map(Into::into).into(),
        }
    }
}
