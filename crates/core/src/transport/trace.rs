use serde::{Deserialize, Serialize};

use crate::{
    envelope::Envelope,
    ids::{EventId, EventType},
};

/// What is known of one event of a correlation: what it was, and what caused it.
///
/// ```
/// use tekup_core::{EventId, transport::Traced};
///
/// let (cause, id) = (EventId::generate(), EventId::generate());
/// let effect = Traced { id, event_type: "lead.scored".parse()?, cause: Some(cause) };
/// assert_ne!(effect.cause, Some(effect.id));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// The event.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// The event that caused it, if it names one.
    pub cause: Option<EventId>,
}

/// The most events of one correlation that a store takes note of; those that come later are left out of its trace.
pub const MOST_TRACED: usize = 1_000;

/// The longest correlation id, in bytes, whose events a store takes note of.
pub const LONGEST_CORRELATION: usize = 128;

/// To which correlation an event belongs, and what caused it: what a store takes note of beside the event.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{TekupEvent, transport::TraceLink};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// let first = LeadCreated {}.event("acme").build()?;
/// assert_eq!(TraceLink::of(&first.envelope), None);
///
/// let second = LeadCreated {}.event("acme").caused_by(&first.envelope).build()?;
/// assert_eq!(TraceLink::of(&second.envelope).unwrap().cause, Some(first.envelope.id));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLink {
    /// The correlation id: 1 to 128 bytes.
    pub correlation: String,
    /// The event that caused this one, if it names one.
    pub cause: Option<EventId>,
}

impl TraceLink {
    /// That of an event; `None` if it has neither correlation id nor cause, or an id that is too long to be traced.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{TekupEvent, transport::TraceLink};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").correlation("import-7").build()?;
    /// assert_eq!(TraceLink::of(&event.envelope).unwrap().correlation, "import-7");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn of(envelope: &Envelope) -> Option<Self> {
        if envelope.metadata.is_empty() {
            return None;
        }
        let (correlation, cause) = (envelope.metadata.correlation_id(), envelope.cause());
        if correlation.is_none() && cause.is_none() {
            return None;
        }
        let correlation = correlation.unwrap_or_else(|| envelope.correlation_id());
        let is_traced = (1..=LONGEST_CORRELATION).contains(&correlation.len());
        is_traced.then_some(Self { correlation, cause })
    }
}
