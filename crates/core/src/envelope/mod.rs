//! What travels with an event's data.

mod explain;
mod limits;
mod metadata;
mod raw_map;
mod read;
mod same_json;
mod write;

pub use limits::Limits;
pub use metadata::Metadata;
pub(crate) use raw_map::RawMap;
pub(crate) use read::{decode_data, read};
pub(crate) use write::{to_json, write};

use crate::{
    ids::{EventId, EventType, SchemaVersion, TenantId, UserId},
    timestamp::Timestamp,
};

/// What travels with an event's data: who, when, what, and its place in a chain of events.
///
/// The wire form is the TypeScript package's: `id`, `type`, `version`, `tenantId`, `userId?`, `timestamp`,
/// `metadata?`, `data`; fields that this crate does not know survive a round trip.
///
/// ```
/// use tekup_core::RawEvent;
///
/// let json = r#"{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","version":"1.0.0",
///     "tenantId":"tenant-123","timestamp":"2025-09-14T10:15:30.123Z","data":{"leadId":"l-1"}}"#;
/// let event = RawEvent::parse(json)?;
/// assert_eq!(event.envelope().tenant.as_str(), "tenant-123");
/// assert_eq!(event.envelope().event_type.as_str(), "lead.created");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The event's identity, unique within its tenant.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// The version of the data's shape.
    pub version: SchemaVersion,
    /// Whose event it is.
    pub tenant: TenantId,
    /// Who caused it, where a person did.
    pub user: Option<UserId>,
    /// When it happened, by the publisher's clock.
    pub timestamp: Timestamp,
    /// Correlation, batch and the publisher's own fields.
    pub metadata: Metadata,
    /// Fields of the envelope that this crate does not know.
    pub(crate) extensions: RawMap,
}

impl Envelope {
    /// The id shared by all events of one chain of causes; without one in the metadata, the event begins a chain, and
    /// this is its own id.
    ///
    /// ```
    /// use tekup_core::{Draft, TekupEvent};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # #[event(type = "lead.created")]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").build()?;
    /// assert_eq!(event.envelope.correlation_id(), event.envelope.id.to_string());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn correlation_id(&self) -> String {
        self.metadata.correlation_id().unwrap_or_else(|| self.id.to_string())
    }

    /// The event that caused this one, if its publisher said so.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # #[event(type = "lead.created")]
    /// # struct LeadCreated {}
    /// let cause = LeadCreated {}.event("acme").build()?;
    /// let effect = LeadCreated {}.event("acme").caused_by(&cause.envelope).build()?;
    /// assert_eq!(effect.envelope.cause(), Some(cause.envelope.id));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<EventId> {
        self.metadata.cause()
    }
}
