//! What this process has done, for whoever scrapes.

use super::EventBus;
use crate::metrics::ProcessMetrics;

impl EventBus {
    /// What this process has counted since it began, by subscription, type and, where
    /// [`BusConfig::metric_tenants`](crate::BusConfig::metric_tenants) says so, tenant: what an exporter of metrics makes its
    /// figures of. It never asks the store. The order of what it lists says nothing.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// let metrics = bus.process_metrics();
    /// assert_eq!((metrics.published[0].event_type.as_str(), metrics.published[0].events), ("lead.created", 1));
    /// assert_eq!((metrics.publish_seconds.count(), metrics.publish_events.sum()), (1, 1.0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn process_metrics(&self) -> ProcessMetrics {
        ProcessMetrics {
            in_flight: self.0.running.in_flight(),
            reconnects: self.0.transport.reconnects(),
            ..self.meter().activity()
        }
    }
}
