use std::time::Duration;

use crate::transport::Counters;

/// What one delivery, or what was stored at once, adds to the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally(Counters);

impl Tally {
    pub(crate) fn published(events: u64) -> Self {
        Self(Counters { published: events, ..Counters::default() })
    }

    pub(crate) fn handled(took: Duration) -> Self {
        let handling_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Self(Counters { handled: 1, handling_micros, ..Counters::default() })
    }

    pub(crate) fn filtered() -> Self {
        Self(Counters { filtered: 1, ..Counters::default() })
    }

    pub(crate) fn retried() -> Self {
        Self(Counters { failed: 1, retried: 1, ..Counters::default() })
    }

    /// An attempt that nothing follows.
    pub(crate) fn failed() -> Self {
        Self(Counters { failed: 1, ..Counters::default() })
    }

    /// A dead letter, after an attempt or without one.
    pub(crate) fn dead(attempted: bool) -> Self {
        Self(Counters { failed: u64::from(attempted), dead_lettered: 1, ..Counters::default() })
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == Counters::default()
    }
}
