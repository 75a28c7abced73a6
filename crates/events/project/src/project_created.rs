use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, Timestamp};

/// A project was set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "project.created", version = "1.0.0")]
pub struct ProjectCreated {
    /// The project.
    #[garde(length(min = 1))]
    pub project_id: String,
    /// What people call it.
    pub name: String,
    /// What it may cost, in whole units of the tenant's currency (250000.50, not cents), if that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// When it is to be done, if that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// How many people work on it.
    pub team_size: u64,
}

impl ProjectCreated {
    fn example() -> Self {
        Self {
            project_id: "project-123".into(),
            name: "Website relaunch".into(),
            budget: Some(250_000.0),
            deadline: "2025-12-01T00:00:00Z".parse().ok(),
            team_size: 6,
        }
    }
}
