use serde::Serialize;

use crate::{rate_limit::RateLimit, timestamp::Timestamp};

/// What operators have said about a subscription, for all its replicas. It is stored, and outlives every process.
///
/// ```
/// use tekup_core::transport::SubscriptionState;
/// assert!(!SubscriptionState::default().is_paused());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SubscriptionState {
    /// Since when it is paused, if it is.
    pub paused: Option<Timestamp>,
    /// How many deliveries may be handed out in a time, if that is limited.
    pub rate_limit: Option<RateLimit>,
}

impl SubscriptionState {
    /// A state, for transports to answer.
    ///
    /// ```
    /// use tekup_core::{RateLimit, Timestamp, transport::SubscriptionState};
    ///
    /// let state = SubscriptionState::new(Some(Timestamp::now()), Some(RateLimit::per_second(100)));
    /// assert!(state.is_paused());
    /// ```
    #[must_use]
    pub const fn new(paused: Option<Timestamp>, rate_limit: Option<RateLimit>) -> Self {
        Self { paused, rate_limit }
    }

    /// Whether nothing is read and started now.
    ///
    /// ```
    /// assert!(!tekup_core::transport::SubscriptionState::default().is_paused());
    /// ```
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }
}
