use bytes::Bytes;

use super::{Due, StoredEvent, StoredIn, TraceLink};
use crate::{
    audit::AuditedEvent,
    envelope::Envelope,
    error::Result,
    event::{Event, RawEvent, TekupEvent},
    ids::{EventId, EventType, TenantId},
    priority::Priority,
};

/// An event as a transport stores it: bytes, and what it must know beside them.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{TekupEvent, transport::Outgoing};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// let outgoing = Outgoing::of(&LeadCreated {}.event("acme").build()?)?;
/// assert_eq!(outgoing.event_type.as_str(), "lead.created");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The event's identity, unique within its tenant.
    pub id: EventId,
    /// Whose event it is.
    pub tenant: TenantId,
    /// What happened.
    pub event_type: EventType,
    /// How urgent it is.
    pub priority: Priority,
    /// The envelope with its data; stored as it is.
    pub bytes: Bytes,
    /// When it comes, if that is not at once.
    pub due: Option<Due>,
    /// To which correlation it belongs, if to any.
    pub trace: Option<TraceLink>,
    /// What is recorded of it in the same step, if its type says `#[event(audit)]`. An untyped event has none, unless its
    /// publisher sets it, by [`AuditedEvent::of`], or the bus knows its type: see [`Schemas::audits`](crate::Schemas::audits).
    pub audit: Option<Box<AuditedEvent>>,
}

impl Outgoing {
    /// A typed event, with its type's priority.
    ///
    /// # Errors
    /// As [`Event::to_json`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Priority, TekupEvent, transport::Outgoing};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # #[event(priority = "low")]
    /// # struct LeadCreated {}
    /// assert_eq!(Outgoing::of(&LeadCreated {}.event("acme").build()?)?.priority, Priority::Low);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn of<T: TekupEvent>(event: &Event<T>) -> Result<Self> {
        Self::written(event, &event.envelope)
    }

    /// A typed event with another envelope, which may say more.
    pub(crate) fn written<T: TekupEvent>(event: &Event<T>, envelope: &Envelope) -> Result<Self> {
        let bytes = Bytes::from(event.to_json_in(envelope)?);
        Ok(Self {
            id: envelope.id,
            tenant: envelope.tenant.clone(),
            event_type: envelope.event_type.clone(),
            priority: T::PRIORITY,
            bytes,
            due: None,
            trace: TraceLink::of(envelope),
            audit: T::AUDIT.then(|| Box::new(AuditedEvent::of(envelope))),
        })
    }

    /// An untyped event, with medium priority.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{TekupEvent, transport::Outgoing};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let raw = LeadCreated {}.event("acme").build()?.to_raw()?;
    /// assert_eq!(Outgoing::raw(&raw).bytes, raw.bytes());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn raw(event: &RawEvent) -> Self {
        let envelope = event.envelope();
        Self {
            id: envelope.id,
            tenant: envelope.tenant.clone(),
            event_type: envelope.event_type.clone(),
            priority: Priority::default(),
            bytes: event.bytes().clone(),
            due: None,
            trace: TraceLink::of(envelope),
            audit: None,
        }
    }

    /// Bytes that may be no event at all, under a new id: an importer's way to keep what it could not read. What can't
    /// be decoded ends in the dead letters of each subscription that takes the type, with its bytes.
    ///
    /// ```
    /// use tekup_core::{EventBus, transport::Outgoing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("import")?;
    /// let line = r#"{"leadId": oops"#;
    /// bus.publish(Outgoing::unchecked("acme".parse()?, "lead.created".parse()?, line)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unchecked(tenant: TenantId, event_type: EventType, bytes: impl Into<Bytes>) -> Self {
        let (id, priority, bytes) = (EventId::generate(), Priority::default(), bytes.into());
        Self { id, tenant, event_type, priority, bytes, due: None, trace: None, audit: None }
    }

    pub(crate) fn stored_in(&self, place: StoredIn) -> StoredEvent {
        StoredEvent {
            id: self.id,
            tenant: self.tenant.clone(),
            event_type: Some(self.event_type.clone()),
            priority: Some(self.priority),
            place,
            bytes: self.bytes.clone(),
        }
    }
}

/// The proof that an event is stored.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, TekupEvent};
/// # #[derive(Clone, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// let event = LeadCreated {}.event("acme").build()?;
/// assert!(!bus.publish(&event).await?.duplicate);
/// assert!(bus.publish(&event).await?.duplicate);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The event's id.
    pub id: EventId,
    /// Whether an event with this id of this tenant was stored before; this one was then not stored again.
    pub duplicate: bool,
}

impl Receipt {
    /// A transport's answer.
    ///
    /// ```
    /// use tekup_core::{EventId, transport::Receipt};
    /// assert!(Receipt::new(EventId::generate(), true).duplicate);
    /// ```
    #[must_use]
    pub const fn new(id: EventId, duplicate: bool) -> Self {
        Self { id, duplicate }
    }
}
