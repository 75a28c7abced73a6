//! Where an event stands.

use serde::{Deserialize, Serialize};

use crate::ids::SubscriptionId;

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
    /// In the dead letters, or dropped unsettled from a lane that was too long. Of what was dropped from a lane the last 200
    /// runs of events are told apart: an event that was finished between older ones counts as dropped too. Overall, and for
    /// no subscription, also where it could not be read when its time had come.
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
