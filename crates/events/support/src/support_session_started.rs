use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, UnknownValue};

/// A customer asked for help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "support.session.started", version = "1.0.0", priority = "high")]
pub struct SupportSessionStarted {
    /// The session.
    #[garde(length(min = 1))]
    pub session_id: String,
    /// The person, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1))]
    pub contact_id: Option<String>,
    /// How the customer came.
    pub channel: SupportChannel,
    /// How much it presses, for those who answer; apart from the priority of the event.
    pub priority: SupportPriority,
}

impl SupportSessionStarted {
    fn example() -> Self {
        Self {
            session_id: "session-123".into(),
            contact_id: Some("contact-456".into()),
            channel: SupportChannel::Chat,
            priority: SupportPriority::High,
        }
    }
}

/// How a customer asks for help.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SupportChannel {
    /// In a chat.
    Chat,
    /// By mail.
    Email,
    /// By phone.
    Phone,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}

/// How much a session presses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SupportPriority {
    /// It can wait.
    Low,
    /// In its turn.
    Medium,
    /// Before others.
    High,
    /// At once.
    Urgent,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
