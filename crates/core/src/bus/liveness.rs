//! What probes ask often: looks that cost little.

use std::time::Duration;

use super::{EventBus, health::ping};
use crate::{
    config::HealthThresholds,
    health::{Facts, Health, SubscriptionFacts},
};

impl EventBus {
    /// Whether what works by itself in this process still does: readers, settlers, keepers, workers and watchers of its
    /// subscriptions, and the tasks of its transport. It never asks the store, and one that does not answer changes nothing:
    /// who tries on is alive. What has ended is told, and a settler or a keeper that hangs in one step for 30 s, a lease
    /// more for a keeper: then only a restart helps.
    ///
    /// A bus that is shut down is alive.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert!(bus.liveness().is_healthy());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn liveness(&self) -> Health {
        let subscriptions = self.0.running.liveness(self.0.config.lease).into_iter();
        let subscriptions = subscriptions.map(|vitals| SubscriptionFacts { vitals, books: None, mended: None });
        let transport = self.0.transport.vitals().into_iter().filter(|(_, vital)| vital.has_ended());
        let facts =
            Facts { transport: transport.collect(), subscriptions: subscriptions.collect(), ..Facts::default() };
        facts.judge(&HealthThresholds::default())
    }

    /// Whether this process can do its work now: the store answers within `patience`, the subscriptions that run here read,
    /// settle and renew, and the bus is not being shut down. One small call to the store, so it may be asked every second;
    /// [`health`](EventBus::health) looks deeper. Who is [unhealthy](crate::health::Level::Unhealthy) is not ready.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// use std::time::Duration;
    ///
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert!(bus.readiness(Duration::from_secs(1)).await.is_healthy());
    /// bus.shutdown().await?;
    /// assert!(!bus.readiness(Duration::from_secs(1)).await.is_healthy());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn readiness(&self, patience: Duration) -> Health {
        let thresholds = HealthThresholds { patience, ..HealthThresholds::default() };
        if self.is_stopping() {
            return Facts { closed: true, ..Facts::default() }.judge(&thresholds);
        }
        let store = ping(&*self.0.transport.admin(), patience).await;
        let subscriptions = self.0.running.vitals(self.0.config.lease).into_iter();
        let subscriptions = subscriptions.map(|vitals| SubscriptionFacts { vitals, books: None, mended: None });
        let facts = Facts {
            closed: self.is_stopping(),
            store: Some(store),
            transport: self.0.transport.vitals(),
            subscriptions: subscriptions.collect(),
            silent: None,
        };
        facts.judge(&thresholds)
    }

    /// Whether the bus is being shut down, or was.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert!(!bus.is_stopping());
    /// bus.shutdown().await?;
    /// assert!(bus.is_stopping());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.running.is_closed()
    }
}
