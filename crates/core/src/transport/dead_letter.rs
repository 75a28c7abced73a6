//! What was given up, and why.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    event::RawEvent,
    ids::{EventId, EventType, TenantId},
    priority::Priority,
    timestamp::Timestamp,
};

/// Why an event is dead.
///
/// ```
/// use tekup_core::transport::DeadReason;
/// assert_eq!(DeadReason::Undecodable.as_str(), "undecodable");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeadReason {
    /// Its last allowed attempt failed.
    AttemptsExhausted,
    /// Its handler said that no attempt will ever succeed.
    Rejected,
    /// Its bytes are no event, or its data has another shape.
    Undecodable,
    /// Its data has the right shape, and breaks a rule of its type.
    Invalid,
    /// It was written at a version of its type that the handler does not read.
    UnknownVersion,
    /// It is of a type that the subscription has no handler for.
    Unhandled,
    /// It was started too often without being settled: it takes its process down.
    Crashed,
}

impl DeadReason {
    /// All of them.
    ///
    /// ```
    /// use tekup_core::transport::DeadReason;
    /// assert!(DeadReason::ALL.contains(&DeadReason::Crashed));
    /// ```
    pub const ALL: [Self; 7] = [
        Self::AttemptsExhausted,
        Self::Rejected,
        Self::Undecodable,
        Self::Invalid,
        Self::UnknownVersion,
        Self::Unhandled,
        Self::Crashed,
    ];

    /// A stable name.
    ///
    /// ```
    /// use tekup_core::transport::DeadReason;
    /// assert_eq!(DeadReason::AttemptsExhausted.as_str(), "attempts_exhausted");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::Rejected => "rejected",
            Self::Undecodable => "undecodable",
            Self::Invalid => "invalid",
            Self::UnknownVersion => "unknown_version",
            Self::Unhandled => "unhandled",
            Self::Crashed => "crashed",
        }
    }
}

impl std::fmt::Display for DeadReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event that a subscription has given up, with all that is known of why.
///
/// ```
/// use tekup_core::{EventId, Timestamp, transport::{DeadLetter, DeadReason}};
///
/// let letter = DeadLetter {
///     id: EventId::generate(),
///     tenant: Some("acme".parse()?),
///     event_type: Some("lead.created".parse()?),
///     priority: None,
///     reason: DeadReason::Undecodable,
///     error: "data can't be decoded".into(),
///     attempts: 1,
///     first_failure: None,
///     died: Timestamp::now(),
///     bytes: "not json".into(),
/// };
/// assert!(letter.event().is_err());
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's id.
    pub id: EventId,
    /// The event's tenant; `None` if what is stored is no tenant's name.
    pub tenant: Option<TenantId>,
    /// The type of the lane that it came through.
    pub event_type: Option<EventType>,
    /// The priority of that lane.
    pub priority: Option<Priority>,
    /// Why it is dead.
    pub reason: DeadReason,
    /// What went wrong the last time.
    pub error: String,
    /// Attempts that were made.
    pub attempts: u32,
    /// When its first attempt failed, by the store's clock.
    pub first_failure: Option<Timestamp>,
    /// When it was given up, by the store's clock.
    pub died: Timestamp,
    /// The stored bytes.
    pub bytes: Bytes,
}

impl DeadLetter {
    /// The event, if the bytes are one.
    ///
    /// # Errors
    /// As [`RawEvent::parse`].
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("import", "*").handler(async |_: RawEvent, _| ())).await?;
    /// for letter in bus.dead_letters("crm/import")?.list(None, 10).await?.letters {
    ///     println!("{}: {:?}", letter.reason, letter.event());
    /// }
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn event(&self) -> Result<RawEvent> {
        RawEvent::parse(self.bytes.clone())
    }
}

/// A page of dead letters.
///
/// ```
/// use tekup_core::transport::DeadLetterPage;
/// assert!(DeadLetterPage::default().next.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// The oldest first. A page may be short, or empty, with more to come.
    pub letters: Vec<DeadLetter>,
    /// What to ask the next page with; `None` after the last.
    pub next: Option<String>,
}
