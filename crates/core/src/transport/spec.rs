use std::{ops::RangeInclusive, time::Duration};

use super::{Policy, StartAt};
use crate::{
    error::{ErrorKind, Problems, Result},
    ids::{Pattern, SubscriptionId, TenantId},
    rate_limit::RateLimit,
    timestamp::Timestamp,
};

/// For how long an end may be remembered.
pub(crate) const IDEMPOTENCY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);

/// The largest revision: as large as every reader of JSON can tell apart from its neighbours.
pub(crate) const LARGEST_REVISION: u64 = (1 << 53) - 1;

/// What a transport must know to open a subscription.
///
/// ```
/// use tekup_core::transport::SourceSpec;
///
/// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
/// assert!(spec.tenants.is_empty());
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceSpec {
    /// The subscription's full name.
    pub id: SubscriptionId,
    /// Which event types it takes: at least one pattern, any of which may match.
    pub patterns: Vec<Pattern>,
    /// The tenants that it is for; empty means all. Others' events are handed out all the same: the caller acks them
    /// unseen.
    pub tenants: Vec<TenantId>,
    /// Which deploy says so, as the number of its build: of two with other patterns or tenants the larger one holds, see
    /// [`Joining`](super::Joining). 0 where nobody counts: then the newest holds. At most 2⁵³ − 1.
    pub revision: u64,
    /// Where it begins, if it is registered for the first time.
    pub start_at: StartAt,
    /// How long a delivery belongs to a replica without renewal: 100 ms to 1 h.
    pub lease: Duration,
    /// For how long what the subscription has finished is handed out as [`Start::Finished`](super::Start::Finished), if it
    /// comes again: 1 s to 30 days; `None` for not at all, which costs nothing.
    pub idempotency: Option<Duration>,
    /// The most retries that may wait in one partition; at this many, fresh events are no longer fetched.
    pub retry_limit: usize,
    /// How long a dead letter is kept.
    pub dead_letter_ttl: Duration,
    /// The most dead letters that are kept, in each partition of a transport that has several; then the oldest go,
    /// counted.
    pub dead_letter_cap: usize,
    /// What this replica says about the subscription's rate limit. The newest replica that says something else than the
    /// one before it sets the limit for all; what an operator has set meanwhile holds until then. As for patterns, one of
    /// an older [`revision`](Self::revision) than the last sets nothing, and two of the same that differ are refused.
    pub rate_limit: Option<RateLimit>,
    /// What this replica says of how it handles events, to be told to operators: see
    /// [`Registration::policy`](super::Registration::policy). `None` to say nothing.
    pub policy: Option<Policy>,
}

impl SourceSpec {
    /// A subscription with the defaults of the bus.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::transport::SourceSpec;
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["*".parse()?]);
    /// assert_eq!(spec.lease, Duration::from_secs(30));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(id: SubscriptionId, patterns: Vec<Pattern>) -> Self {
        Self {
            id,
            patterns,
            tenants: Vec::new(),
            revision: 0,
            start_at: StartAt::default(),
            lease: Duration::from_secs(30),
            idempotency: None,
            retry_limit: 10_000,
            dead_letter_ttl: Duration::from_secs(86_400),
            dead_letter_cap: 1_000_000,
            rate_limit: None,
            policy: None,
        }
    }

    /// Whether everything is within its range; each transport asks before it opens.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::transport::SourceSpec;
    ///
    /// let mut spec = SourceSpec::new("billing/ledger".parse()?, Vec::new());
    /// spec.lease = Duration::ZERO;
    /// assert_eq!(spec.check().unwrap_err().problems().len(), 2);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn check(&self) -> Result<()> {
        let Self { id, lease, patterns, rate_limit, .. } = self;
        let mut problems = Problems::default();
        problems.check(!patterns.is_empty(), || format!("subscription `{id}` has no pattern: give it at least one"));
        let allowed = (100..=3_600_000).contains(&lease.as_millis());
        problems.check(allowed, || format!("subscription `{id}` has a lease of {lease:?}: use 100 ms to 1 h"));
        let counts = [("retry limit", self.retry_limit), ("dead letter cap", self.dead_letter_cap)];
        for (what, value) in counts {
            problems.check(value > 0, || format!("subscription `{id}` has a {what} of 0: use 1 at least"));
        }
        problems.check(self.dead_letter_ttl > Duration::ZERO, || {
            format!("subscription `{id}` keeps dead letters for no time at all: use 1 s at least")
        });
        rate_limit.iter().for_each(|limit| limit.find_problems(&mut problems));
        problems.check(self.revision <= LARGEST_REVISION, || {
            format!("subscription `{id}` has revision {}: use at most {LARGEST_REVISION}", self.revision)
        });
        problems.keep(self.start_at.check(Timestamp::now()));
        if let Some(window) = self.idempotency {
            problems.check(IDEMPOTENCY.contains(&window), || {
                format!("subscription `{id}` has an idempotency window of {window:?}: use 1 s to 30 days")
            });
        }
        problems.into_result(ErrorKind::InvalidInput)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_none_at_all_are_refused_by_the_subscriptions_name_all_at_once() {
        let mut spec = SourceSpec::new("billing/ledger".parse().unwrap(), vec!["*".parse().unwrap()]);
        assert!(spec.check().is_ok());
        (spec.retry_limit, spec.dead_letter_cap, spec.dead_letter_ttl) = (0, 0, Duration::ZERO);
        let error = spec.check().unwrap_err();
        assert_eq!(error.problems().len(), 3, "{error}");
        assert!(error.problems().iter().all(|told| told.contains("`billing/ledger`")), "{error}");
    }
}
