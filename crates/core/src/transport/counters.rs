//! What was counted over all processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ids::TenantId, timestamp::Timestamp};

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
    /// Deliveries given up; of all tenants together also events that could not be read when their time had come.
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
