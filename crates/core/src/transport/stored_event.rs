//! An event as it is stored.

use bytes::Bytes;

use crate::{
    error::Result,
    event::RawEvent,
    ids::{EventId, EventType, SubscriptionId, TenantId},
    priority::Priority,
    timestamp::Timestamp,
};

/// An event as it is stored, and where.
///
/// ```
/// use tekup_core::{EventId, Priority, transport::{StoredEvent, StoredIn}};
///
/// let stored = StoredEvent {
///     id: EventId::generate(),
///     tenant: "acme".parse()?,
///     event_type: Some("lead.created".parse()?),
///     priority: Some(Priority::High),
///     place: StoredIn::Lane,
///     bytes: "not json".into(),
/// };
/// assert!(stored.event().is_err());
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The event's id.
    pub id: EventId,
    /// Whose event it is.
    pub tenant: TenantId,
    /// The type of the lane that it lies in, comes into, or came through; `None` if what is stored is no type's name.
    pub event_type: Option<EventType>,
    /// The priority of that lane.
    pub priority: Option<Priority>,
    /// Where it lies.
    pub place: StoredIn,
    /// The bytes that were published, never rewritten.
    pub bytes: Bytes,
}

impl StoredEvent {
    /// The event, if the bytes are one.
    ///
    /// # Errors
    /// As [`RawEvent::parse`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// let later = LeadCreated { score: 75.0 }.event("acme").delay(std::time::Duration::from_secs(60));
    /// let receipt = bus.publish(later).await?;
    /// let stored = bus.stored("acme", receipt.id).await?.expect("it waits for its time");
    /// assert_eq!(stored.event()?.decode::<LeadCreated>()?.data.score, 75.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn event(&self) -> Result<RawEvent> {
        RawEvent::parse(self.bytes.clone())
    }
}

/// Where an event lies.
///
/// ```
/// use tekup_core::transport::StoredIn;
/// assert_ne!(StoredIn::Lane, StoredIn::Retries("crm/import".parse()?));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredIn {
    /// In its lane, for those who have not read it, or have not settled it, or because lanes keep for a while what is
    /// settled.
    Lane,
    /// Beside the lanes, until its time has come.
    Schedule {
        /// When that is, by the store's clock.
        due: Timestamp,
    },
    /// In no lane any more; among the retries of that subscription, and perhaps of others.
    Retries(SubscriptionId),
    /// In no lane any more; in the dead letters of that subscription, and perhaps of others.
    DeadLetters(SubscriptionId),
}
