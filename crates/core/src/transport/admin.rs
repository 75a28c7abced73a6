//! What operators are told.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    event::RawEvent,
    ids::{EventId, EventType, SubscriptionId, TenantId},
    timestamp::Timestamp,
};

/// Where an event stands, for one subscription or overall.
///
/// Overall it is the first of processing, retrying, pending, failed that any subscription has, else completed. An event
/// that is published later is scheduled until its time has come, or cancelled.
///
/// ```
/// use tekup_core::transport::Stage;
/// assert_eq!(Stage::Pending.as_str(), "pending");
/// assert!(Stage::Failed.is_final() && !Stage::Retrying.is_final());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Stored, and waiting for its time: nobody has it yet. Overall only, for whose it is shows when it comes.
    Scheduled,
    /// Stored, not handed out yet.
    Pending,
    /// Handed out to a replica, perhaps not started yet.
    Processing,
    /// Failed, and waiting for its next attempt.
    Retrying,
    /// Finished.
    Completed,
    /// In the dead letters.
    Failed,
    /// Cancelled before its time came. Overall only: nobody gets it.
    Cancelled,
    /// No such event is known, or it was stored longer ago than the status is kept.
    Unknown,
}

impl Stage {
    /// The lower-case name.
    ///
    /// ```
    /// assert_eq!(tekup_core::transport::Stage::Completed.as_str(), "completed");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more will happen by itself.
    ///
    /// ```
    /// assert!(tekup_core::transport::Stage::Completed.is_final());
    /// ```
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an event stands for one subscription.
///
/// ```
/// use tekup_core::transport::{Stage, SubscriptionStatus};
///
/// let status = SubscriptionStatus { subscription: "billing/ledger".parse()?, stage: Stage::Retrying, failures: 2 };
/// assert_eq!(status.failures, 2);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionStatus {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Where the event stands for it.
    pub stage: Stage,
    /// Attempts that have failed, while it is retrying or failed; else 0.
    pub failures: u32,
}

/// Where an event stands, overall and for each subscription that it is for.
///
/// ```
/// use tekup_core::transport::{EventStatus, Stage};
/// assert_eq!(EventStatus::of(Vec::new()).stage, Stage::Completed);
/// assert_eq!(EventStatus::unknown().stage, Stage::Unknown);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStatus {
    /// Overall.
    pub stage: Stage,
    /// For each subscription that the event is for, by name.
    pub subscriptions: Vec<SubscriptionStatus>,
}

impl EventStatus {
    /// The overall stage follows from those of the subscriptions; without any, the event is completed.
    ///
    /// ```
    /// use tekup_core::transport::{EventStatus, Stage, SubscriptionStatus};
    ///
    /// let done = SubscriptionStatus { subscription: "b/x".parse()?, stage: Stage::Completed, failures: 0 };
    /// let waiting = SubscriptionStatus { subscription: "a/x".parse()?, stage: Stage::Pending, failures: 0 };
    /// let status = EventStatus::of(vec![done, waiting.clone()]);
    /// assert_eq!(status.stage, Stage::Pending);
    /// assert_eq!(status.subscriptions[0], waiting);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn of(mut subscriptions: Vec<SubscriptionStatus>) -> Self {
        subscriptions.sort_by(|a, b| a.subscription.cmp(&b.subscription));
        let order = [Stage::Processing, Stage::Retrying, Stage::Pending, Stage::Failed];
        let stage = order.into_iter().find(|stage| subscriptions.iter().any(|status| status.stage == *stage));
        Self { stage: stage.unwrap_or(Stage::Completed), subscriptions }
    }

    /// It waits for its time.
    ///
    /// ```
    /// use tekup_core::transport::{EventStatus, Stage};
    /// assert_eq!(EventStatus::scheduled().stage, Stage::Scheduled);
    /// ```
    #[must_use]
    pub const fn scheduled() -> Self {
        Self { stage: Stage::Scheduled, subscriptions: Vec::new() }
    }

    /// It was cancelled before its time came.
    ///
    /// ```
    /// use tekup_core::transport::EventStatus;
    /// assert!(EventStatus::cancelled().stage.is_final());
    /// ```
    #[must_use]
    pub const fn cancelled() -> Self {
        Self { stage: Stage::Cancelled, subscriptions: Vec::new() }
    }

    /// No such event is known.
    ///
    /// ```
    /// use tekup_core::transport::EventStatus;
    /// assert!(EventStatus::unknown().subscriptions.is_empty());
    /// ```
    #[must_use]
    pub const fn unknown() -> Self {
        Self { stage: Stage::Unknown, subscriptions: Vec::new() }
    }
}

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
    /// It is of a type or version that the subscription has no handler for.
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
    pub const ALL: [Self; 5] =
        [Self::AttemptsExhausted, Self::Rejected, Self::Undecodable, Self::Unhandled, Self::Crashed];

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

/// The books of a subscription: what became of all that was ever stored for it. They always balance.
///
/// An event that waits for its time is in no subscription's books: it is published, in all that take it then, when its
/// time has come. [`Admin::count_scheduled`](super::Admin::count_scheduled) tells how many wait.
///
/// ```
/// use tekup_core::transport::Books;
///
/// let books = Books { published: 3, acked: 1, pending: 1, dead: 1, ..Books::default() };
/// assert!(books.balanced());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Books {
    /// Events stored of the types that the subscription takes, since it began; those of tenants that it leaves out too.
    pub published: u64,
    /// Deliveries finished.
    pub acked: u64,
    /// Waiting in lanes, not handed out yet.
    pub ready: u64,
    /// Handed out and not settled, those of dead replicas included.
    pub pending: u64,
    /// Failed, and waiting for their next attempt, due or not.
    pub retrying: u64,
    /// In the dead letters.
    pub dead: u64,
    /// Dead letters that went because of their age.
    pub expired: u64,
    /// Dead letters that were deleted on request.
    pub purged: u64,
    /// Dead letters that went to make room for newer ones, and what a hard cap took.
    pub dropped: u64,
}

impl Books {
    /// Whether all that was stored is accounted for.
    ///
    /// ```
    /// use tekup_core::transport::Books;
    /// assert!(!Books { published: 1, ..Books::default() }.balanced());
    /// ```
    #[must_use]
    pub const fn balanced(&self) -> bool {
        let waiting = self.ready + self.pending + self.retrying;
        self.published == self.acked + waiting + self.dead + self.expired + self.purged + self.dropped
    }
}

/// What was counted, for a tenant or for the whole bus.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::transport::Counters;
///
/// let counters = Counters { handled: 2, handling_micros: 3_000, ..Counters::default() };
/// assert_eq!(counters.average_handling(), Some(Duration::from_micros(1_500)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Counters {
    /// Events stored, duplicates left out.
    pub published: u64,
    /// Deliveries that a handler finished.
    pub handled: u64,
    /// Attempts that failed, ran out of time or panicked.
    pub failed: u64,
    /// Attempts after which another one was scheduled.
    pub retried: u64,
    /// Deliveries given up.
    pub dead_lettered: u64,
    /// Deliveries that a filter, or a subscription's list of tenants, left out.
    pub filtered: u64,
    /// Microseconds that handlers took for what they finished, in all.
    pub handling_micros: u64,
    /// When one of the others last changed; `None` before the first.
    pub updated: Option<Timestamp>,
}

impl Counters {
    /// How long a handler took on average for what it finished; `None` before the first.
    ///
    /// ```
    /// use tekup_core::transport::Counters;
    /// assert_eq!(Counters::default().average_handling(), None);
    /// ```
    #[must_use]
    pub fn average_handling(&self) -> Option<Duration> {
        self.handling_micros.checked_div(self.handled).map(Duration::from_micros)
    }

    /// Adds what another has counted.
    ///
    /// ```
    /// use tekup_core::transport::Counters;
    ///
    /// let mut sum = Counters::default();
    /// sum.add(&Counters { published: 3, ..Counters::default() });
    /// assert_eq!(sum.published, 3);
    /// ```
    pub fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.handled += other.handled;
        self.failed += other.failed;
        self.retried += other.retried;
        self.dead_lettered += other.dead_lettered;
        self.filtered += other.filtered;
        self.handling_micros += other.handling_micros;
        self.updated = self.updated.max(other.updated);
    }
}

/// What one process has counted for one tenant since it last said so.
///
/// ```
/// use tekup_core::transport::{CounterDelta, Counters};
///
/// let delta = CounterDelta { tenant: "acme".parse()?, counters: Counters { published: 1, ..Counters::default() } };
/// assert_eq!(delta.counters.published, 1);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterDelta {
    /// The tenant.
    pub tenant: TenantId,
    /// What was counted.
    pub counters: Counters,
}
