//! A store that does not answer: wait longer each time, and say so once.

use std::time::Duration;

use crate::{error::Error, ids::SubscriptionId};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// An outage as one of the tasks sees it.
pub(crate) struct Outage {
    what: &'static str,
    failures: u32,
}

impl Outage {
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.failures > 0
    }

    /// The store has answered.
    pub(crate) fn over(&mut self, subscription: &SubscriptionId) {
        if self.failures > 0 {
            tracing::info!(%subscription, what = self.what, failures = self.failures, "the store answers again");
            self.failures = 0;
        }
    }

    /// The store has not answered: how long to wait before it is asked again, with full jitter.
    pub(crate) fn failed(&mut self, subscription: &SubscriptionId, error: &Error) -> Duration {
        if self.failures == 0 {
            tracing::warn!(%subscription, what = self.what, kind = %error.kind(), %error, "the store does not answer; trying on");
        }
        self.failures = self.failures.saturating_add(1);
        let longest = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        FIRST / 2 + longest.mul_f64(fastrand::f64())
    }
}
