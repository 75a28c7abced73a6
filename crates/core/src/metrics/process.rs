//! What this process has done, as a scrape tells it.

use super::Distribution;
use crate::{ids::SubscriptionId, transport::DeadReason};

/// What this process has counted since it began: what an exporter of metrics needs. Nothing of it asks the store.
///
/// Names of event types and tenants are bounded: types that subscriptions name and 1,000 more, then `other`; tenants as
/// [`BusConfig::metric_tenants`](crate::BusConfig::metric_tenants) says. Beyond 1,000 series the tenant of a new one is
/// `other`, and beyond 2,000 its type is too, unless a subscription names it.
///
/// ```
/// use tekup_core::metrics::ProcessMetrics;
///
/// let metrics = ProcessMetrics::default();
/// assert!(metrics.attempts.is_empty() && metrics.published.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProcessMetrics {
    /// Deliveries that ended here, by subscription (or broadcast), type and tenant.
    pub attempts: Vec<AttemptMetrics>,
    /// Events that were stored, by type and tenant.
    pub published: Vec<PublishedMetrics>,
    /// How long calls took that publish, those that failed included.
    pub publish_seconds: Distribution,
    /// How many events each of them held.
    pub publish_events: Distribution,
    /// How long calls took that settle, those that failed included.
    pub settle_seconds: Distribution,
    /// How many deliveries each of them held.
    pub settle_deliveries: Distribution,
    /// Deliveries that each running subscription holds, started or not.
    pub in_flight: Vec<(SubscriptionId, u64)>,
    /// Deliveries that other processes took over while they were held here, by subscription.
    pub lease_losses: Vec<(SubscriptionId, u64)>,
    /// Connections to the store that were made anew.
    pub reconnects: u64,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self {
            attempts: Vec::new(),
            published: Vec::new(),
            publish_seconds: Distribution::of_durations(),
            publish_events: Distribution::of_sizes(),
            settle_seconds: Distribution::of_durations(),
            settle_deliveries: Distribution::of_sizes(),
            in_flight: Vec::new(),
            lease_losses: Vec::new(),
            reconnects: 0,
        }
    }
}

/// What became of deliveries of one subscription, type and tenant.
///
/// ```
/// use tekup_core::{Event, EventBus, Subscription, TekupEvent};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
/// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
/// # while bus.process_counters().handled == 0 { tokio::task::yield_now().await; }
/// let scoring = bus.process_metrics().attempts.remove(0);
/// assert_eq!((scoring.event_type.as_str(), scoring.tenant), ("lead.created", None));
/// assert_eq!((scoring.succeeded, scoring.failed, scoring.handling.count()), (1, 0, 1));
/// # bus.shutdown().await
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AttemptMetrics {
    /// Whose deliveries.
    pub subscription: SubscriptionId,
    /// Their type; `other` beyond the bounds, `unknown` where no handler came to read it.
    pub event_type: String,
    /// Their tenant, or `other`; `None` if tenants are not told apart.
    pub tenant: Option<String>,
    /// Attempts that a handler finished.
    pub succeeded: u64,
    /// Attempts that failed, ran out of time or panicked.
    pub failed: u64,
    /// What a filter, the list of tenants, or the guard against handling again left out.
    pub filtered: u64,
    /// Failed attempts after which another one was scheduled.
    pub retried: u64,
    pub(super) dead: [u64; DeadReason::ALL.len()],
    /// How long attempts took that succeeded or failed, from decoding on, in seconds.
    pub handling: Distribution,
    /// From publish to handled of what succeeded, retries and delays included, in seconds.
    pub end_to_end: Distribution,
}

impl AttemptMetrics {
    pub(super) fn new(subscription: SubscriptionId) -> Self {
        Self {
            subscription,
            event_type: String::new(),
            tenant: None,
            succeeded: 0,
            failed: 0,
            filtered: 0,
            retried: 0,
            dead: [0; DeadReason::ALL.len()],
            handling: Distribution::of_durations(),
            end_to_end: Distribution::of_waiting(),
        }
    }

    /// How many went to the dead letters, for each reason that there is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// let dead: u64 = bus.process_metrics().attempts.iter().flat_map(|it| it.dead_letters()).map(|(_, n)| n).sum();
    /// assert_eq!(dead, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dead_letters(&self) -> impl Iterator<Item = (DeadReason, u64)> {
        DeadReason::ALL.into_iter().zip(self.dead)
    }
}

/// How many events of one type and tenant were stored, duplicates left out.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = tekup_core::EventBus::in_memory("crm")?;
/// assert_eq!(bus.process_metrics().published, []);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedMetrics {
    /// Their type; `other` beyond the bounds.
    pub event_type: String,
    /// Their tenant, or `other`; `None` if tenants are not told apart.
    pub tenant: Option<String>,
    /// How many.
    pub events: u64,
}
