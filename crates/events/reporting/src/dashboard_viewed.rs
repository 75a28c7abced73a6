use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// Somebody has looked at a dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "dashboard.viewed", version = "1.0.0", priority = "low")]
pub struct DashboardViewed {
    /// The dashboard.
    #[garde(length(min = 1))]
    pub dashboard_id: String,
    /// How long it was looked at, in milliseconds, 0 or more; may have a fraction.
    #[garde(range(min = 0.0))]
    pub view_duration: f64,
    /// How often something on it was clicked or typed.
    pub interaction_count: u64,
    /// The parts of it that were seen; may be empty.
    pub widgets: Vec<String>,
}

impl DashboardViewed {
    fn example() -> Self {
        Self {
            dashboard_id: "dash-123".into(),
            view_duration: 95_000.0,
            interaction_count: 14,
            widgets: ["funnel", "map"].map(Into::into).into(),
        }
    }
}
