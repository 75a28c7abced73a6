use serde::{Deserialize, Serialize};

use crate::{
    envelope::Envelope,
    ids::{EventId, EventType, SchemaVersion, ServiceName, TenantId, UserId},
    timestamp::Timestamp,
    transport::LONGEST_CORRELATION,
};

/// What is recorded of an event whose type says `#[event(audit)]`: of its envelope, and nothing of its data.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{TekupEvent, audit::AuditedEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct AccountClosed { reason: String }
/// let event = AccountClosed { reason: "private".into() }.event("acme").user("user-456").build()?;
/// let audited = serde_json::to_string(&AuditedEvent::of(&event.envelope)).unwrap();
/// assert!(audited.contains("user-456") && !audited.contains("private"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditedEvent {
    /// The event.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The version of the data's shape.
    pub version: SchemaVersion,
    /// Whose event it is.
    #[serde(rename = "tenantId")]
    pub tenant: TenantId,
    /// Who caused it, where a person did.
    #[serde(rename = "userId", default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// When it happened, by the publisher's clock.
    pub timestamp: Timestamp,
    /// To which correlation it belongs, if it says so in at most 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event that caused it, if it names one.
    #[serde(rename = "causationId", default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventId>,
    /// The service that published it; `None` if it was given to a transport without a bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
}

impl AuditedEvent {
    /// What is recorded of an event with this envelope.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{TekupEvent, audit::AuditedEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct AccountClosed {}
    /// let event = AccountClosed {}.event("acme").correlation("import-7").build()?;
    /// assert_eq!(AuditedEvent::of(&event.envelope).correlation_id.as_deref(), Some("import-7"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn of(envelope: &Envelope) -> Self {
        let correlation_id = envelope.metadata.correlation_id();
        Self {
            id: envelope.id,
            event_type: envelope.event_type.clone(),
            version: envelope.version.clone(),
            tenant: envelope.tenant.clone(),
            user: envelope.user.clone(),
            timestamp: envelope.timestamp,
            correlation_id: correlation_id.filter(|id| (1..=LONGEST_CORRELATION).contains(&id.len())),
            cause: envelope.cause(),
            service: None,
        }
    }
}
