use std::time::Duration;

use crate::{
    config::BusConfig,
    error::Problems,
    ids::{EventType, Pattern, SubscriptionName, TenantId},
    priority::Priority,
    rate_limit::RateLimit,
    retry::RetryPolicy,
    timestamp::Timestamp,
    transport::{IDEMPOTENCY, StartAt},
};

/// What the author of a subscription may set; what is absent comes from the bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) priority: Option<Priority>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) prefetch: Option<usize>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) batch: Option<BatchSettings>,
    pub(crate) wait: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) start_at: StartAt,
    pub(crate) idempotency: Option<Duration>,
}

/// How a batch is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchSettings {
    /// The most events of one call.
    pub(crate) most: usize,
    /// How long a batch that is not full waits for company.
    pub(crate) wait: Duration,
}

/// Settings of a subscription, all within their ranges.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: SubscriptionName,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) tenants: Vec<TenantId>,
    pub(crate) priority: Priority,
    pub(crate) concurrency: usize,
    pub(crate) prefetch: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeout: Duration,
    /// `None` for handlers of one event a call.
    pub(crate) batch: Option<BatchSettings>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) start_at: StartAt,
    /// For how long what was finished is not handled again; `None` for no such guard.
    pub(crate) idempotency: Option<Duration>,
}

impl Wishes {
    fn check_batch(&self, problems: &mut Problems) {
        let wait = self.wait.unwrap_or_default();
        problems.check(self.wait.is_none() || self.batch.is_some(), || {
            format!("wait is {wait:?}, which is for `.batch_handler(..)` alone: remove it, or handle batches")
        });
        let longest = Duration::from_secs(60);
        problems.check(wait <= longest, || format!("wait is {wait:?}: use at most {longest:?}"));
        let Some(BatchSettings { most, .. }) = self.batch else { return };
        problems.check((1..=1_000).contains(&most), || format!("batch has at most {most} events: use 1 to 1,000"));
        let prefetch = self.prefetch.unwrap_or(most);
        problems.check(prefetch >= most, || {
            format!("prefetch is {prefetch}, but a batch has up to {most} events: hold at least as many")
        });
    }
}

impl Settings {
    pub(crate) fn new(
        name: SubscriptionName,
        patterns: Vec<Pattern>,
        tenants: Vec<TenantId>,
        wishes: &Wishes,
        config: &BusConfig,
        problems: &mut Problems,
    ) -> Self {
        let settings = Self {
            name,
            patterns,
            tenants,
            priority: wishes.priority.unwrap_or_default(),
            concurrency: wishes.concurrency.unwrap_or(config.concurrency),
            prefetch: wishes.prefetch.unwrap_or(config.prefetch),
            retry: wishes.retry.clone().unwrap_or_else(|| config.retry_policy()),
            timeout: wishes.timeout.unwrap_or(config.timeout),
            idempotency: wishes.idempotency,
            batch: wishes.batch.map(|batch| BatchSettings { wait: wishes.wait.unwrap_or(batch.wait), ..batch }),
            rate_limit: wishes.rate_limit,
            start_at: wishes.start_at,
        };
        let mut own = Problems::default();
        settings.check(&mut own);
        wishes.check_batch(&mut own);
        // Of many that a service begins at once it must be told which.
        problems.extend_of(&format!("subscription `{}`", settings.name), &own);
        settings
    }

    /// Whether a tenant's events are handled; what has no tenant's name is looked at, to be given up.
    pub(crate) fn is_for(&self, tenant: Option<&TenantId>) -> bool {
        self.tenants.is_empty() || tenant.is_none_or(|tenant| self.tenants.contains(tenant))
    }

    /// The types that it names; a pattern with a `*` is none.
    pub(crate) fn types(&self) -> impl Iterator<Item = EventType> {
        self.patterns.iter().filter_map(|pattern| pattern.as_str().parse().ok())
    }

    /// How many events one call of a handler takes at most.
    pub(crate) fn batch_most(&self) -> usize {
        self.batch.map_or(1, |batch| batch.most)
    }

    fn check(&self, problems: &mut Problems) {
        for (what, value) in [("concurrency", self.concurrency), ("prefetch", self.prefetch)] {
            problems.check((1..=10_000).contains(&value), || format!("{what} is {value}: use 1 to 10,000"));
        }
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(24 * 3_600));
        problems.check((least..=most).contains(&self.timeout), || {
            format!("timeout is {:?}: use 1 ms to 24 h", self.timeout)
        });
        if let Some(window) = self.idempotency {
            problems.check(IDEMPOTENCY.contains(&window), || {
                format!("idempotency window is {window:?}: use 1 s to 30 days")
            });
        }
        problems.keep(self.start_at.check(Timestamp::now()));
        self.retry.check(problems);
        self.rate_limit.iter().for_each(|limit| limit.find_problems(problems));
    }
}
