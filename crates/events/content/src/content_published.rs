use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, Timestamp};

/// Content can be seen by others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
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
