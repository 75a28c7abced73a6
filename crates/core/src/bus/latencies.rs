//! How long it takes.

use super::{EventBus, TenantBus};
use crate::{
    error::Result,
    ids::{SubscriptionId, TenantId},
    transport::Latencies,
};

impl EventBus {
    /// How long a subscription's deliveries took in all processes, as percentiles by type of event: its handlers, and
    /// from publish to handled. Counted is what a handler has finished; what failed is not. Processes tell each other
    /// once a second.
    ///
    /// Nothing is ever set back: for the last minute, ask [`Latencies::since`] an earlier look. After a fault of the way
    /// to the store, some may be counted twice.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if that is no subscription's name,
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered; those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: what this process tells the others first is told all the same, and once.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    /// use tekup_core::{Event, EventBus, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
    /// let receipt = bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// bus.wait_for("acme", receipt.id, Duration::from_secs(5)).await?;
    /// # while bus.process_counters().handled == 0 { tokio::task::yield_now().await; }
    /// let latencies = bus.latencies("crm/scoring").await?;
    /// println!("slow ones take {:?} in a handler", latencies.all().handling.p99());
    /// println!("half are done within {:?}", latencies.of("lead.created").unwrap().end_to_end.p50());
    /// # assert_eq!(latencies.all().end_to_end.count(), 1);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn latencies(&self, subscription: impl AsRef<str>) -> Result<Latencies> {
        self.latencies_in(subscription.as_ref(), None).await
    }

    async fn latencies_in(&self, subscription: &str, tenant: Option<&TenantId>) -> Result<Latencies> {
        let subscription = subscription.parse()?;
        self.0.flush().await?;
        self.0.transport.admin().latencies(&subscription, tenant).await
    }

    /// How long a subscription's deliveries took in this process since it began; nothing, if it never ran here.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if that is no subscription's name.
    ///
    /// ```
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert!(bus.process_latencies("crm/scoring")?.all().is_empty());
    /// assert!(bus.process_latencies("scoring").is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn process_latencies(&self, subscription: impl AsRef<str>) -> Result<Latencies> {
        let subscription: SubscriptionId = subscription.as_ref().parse()?;
        Ok(self.meter().latencies(&subscription))
    }
}

impl TenantBus {
    /// As [`EventBus::latencies`], for this tenant's events alone. Only tenants that a process names in
    /// [`BusConfig::latency_tenants`](crate::BusConfig::latency_tenants) are counted apart; for others there are none.
    ///
    /// # Errors
    /// As [`EventBus::latencies`].
    ///
    /// ```
    /// use tekup_core::{BusConfig, EventBus, RawEvent, Subscription, memory::MemoryTransport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let mut config = BusConfig::new("audit");
    /// config.latency_tenants = vec!["acme".parse()?];
    /// let bus = EventBus::new(config, MemoryTransport::new())?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(bus.tenant("acme")?.latencies("audit/everything").await?.all().is_empty());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn latencies(&self, subscription: impl AsRef<str>) -> Result<Latencies> {
        self.bus().latencies_in(subscription.as_ref(), Some(self.tenant())).await
    }
}
