use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, UnknownValue};

/// A draft was written by a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "content.generated", version = "1.0.0", priority = "low")]
pub struct ContentGenerated {
    /// The content.
    #[garde(length(min = 1))]
    pub content_id: String,
    /// What it is to become.
    #[serde(rename = "type")]
    pub content_type: ContentType,
    /// Where it is to appear, such as `linkedin`, if that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its title.
    pub title: String,
    /// How many words it has.
    pub word_count: u64,
    /// How well search engines will like it, in points of the tool that scored it; commonly 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seo_score: Option<f64>,
}

impl ContentGenerated {
    fn example() -> Self {
        Self {
            content_id: "content-123".into(),
            content_type: ContentType::Blog,
            platform: Some("linkedin".into()),
            title: "AI in Business Automation".into(),
            word_count: 1_200,
            seo_score: Some(85.0),
        }
    }
}

/// What a draft is to become.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContentType {
    /// A post in a blog.
    Blog,
    /// A post in a social network.
    Social,
    /// A mail.
    Email,
    /// Copy for a campaign.
    Marketing,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
