use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, Timestamp};

/// Content can be seen by others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "content.published", version = "1.0.0")]
pub struct ContentPublished {
    /// The content.
    #[garde(length(min = 1))]
    pub content_id: String,
    /// Where it appeared, such as `linkedin`.
    pub platform: String,
    /// Since when it can be seen.
    pub published_at: Timestamp,
    /// When it was to appear, if that was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<Timestamp>,
}

impl ContentPublished {
    fn example() -> Option<Self> {
        // Only its time could be wrong, and a test sees that it is not.
        Some(Self {
            content_id: "content-123".into(),
            platform: "linkedin".into(),
            published_at: "2025-09-14T09:00:00Z".parse().ok()?,
            scheduled_for: "2025-09-14T08:30:00Z".parse().ok(),
        })
    }
}
