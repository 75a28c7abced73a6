use std::time::Duration;

use crate::{
    config::BusConfig,
    error::Problems,
    ids::{Pattern, SubscriptionName, TenantId},
    priority::Priority,
    retry::RetryPolicy,
    transport::StartAt,
};

/// What the author of a subscription may set; what is absent comes from the bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) priority: Option<Priority>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) prefetch: Option<usize>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) start_at: StartAt,
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
    pub(crate) start_at: StartAt,
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
            start_at: wishes.start_at,
        };
        settings.check(problems);
        settings
    }

    fn check(&self, problems: &mut Problems) {
        for (what, value) in [("concurrency", self.concurrency), ("prefetch", self.prefetch)] {
            problems.check((1..=10_000).contains(&value), || format!("{what} is {value}: use 1 to 10,000"));
        }
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(24 * 3_600));
        problems.check((least..=most).contains(&self.timeout), || {
            format!("timeout is {:?}: use 1 ms to 24 h", self.timeout)
        });
        self.retry.check(problems);
    }
}
