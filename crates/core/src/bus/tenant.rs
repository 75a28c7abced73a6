use std::time::Duration;

use super::{DeadLetters, EventBus, Trace};
use crate::{
    broadcast::{Broadcast, BroadcastHandle},
    error::Result,
    event::IntoDraft,
    handler::Incoming,
    ids::{EventId, TenantId},
    subscription::{Subscription, SubscriptionHandle},
    transport::{Counters, EventStatus, Receipt, StoredEvent},
};

/// A handle that publishes, subscribes, looks and replays for one tenant only.
///
/// Make it where the caller is authenticated, and hand it on instead of the bus: what has only this can't reach another
/// tenant's events.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
/// acme.publish(LeadCreated { score: 75.0 }).await?;
/// assert!(acme.publish(LeadCreated { score: 75.0 }.event("other")).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TenantBus {
    pub(super) bus: EventBus,
    pub(super) tenant: TenantId,
}

impl TenantBus {
    pub(super) fn new(bus: EventBus, tenant: TenantId) -> Self {
        Self { bus, tenant }
    }

    pub(super) fn bus(&self) -> &EventBus {
        &self.bus
    }

    /// The tenant.
    ///
    /// ```
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert_eq!(acme.tenant().as_str(), "acme");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Stores an event of this tenant: data, or a draft.
    ///
    /// # Errors
    /// As [`EventBus::publish`]; [`ErrorKind::TenantMismatch`](crate::ErrorKind::TenantMismatch) for another tenant's
    /// draft.
    ///
    /// # Cancel safety
    /// If dropped, the event may or may not be stored.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert!(!acme.publish(LeadCreated { score: 75.0 }).await?.duplicate);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish(&self, event: impl IntoDraft) -> Result<Receipt> {
        let draft = event.into_draft(&self.tenant);
        draft.expect_tenant(&self.tenant)?;
        self.bus.publish(draft).await
    }

    /// Stores many events of this tenant: one result for each, in their order.
    ///
    /// # Errors
    /// As [`EventBus::publish_batch`].
    ///
    /// # Cancel safety
    /// If dropped, any of the events may or may not be stored.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
    /// let results = acme.publish_batch([LeadCreated { score: 1.0 }, LeadCreated { score: 2.0 }]).await?;
    /// assert!(results.iter().all(Result::is_ok));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish_batch<D: IntoDraft>(
        &self,
        events: impl IntoIterator<Item = D>,
    ) -> Result<Vec<Result<Receipt>>> {
        let drafts: Vec<_> = events.into_iter().map(|event| event.into_draft(&self.tenant)).collect();
        for draft in &drafts {
            draft.expect_tenant(&self.tenant)?;
        }
        self.bus.publish_batch(drafts).await
    }

    /// Subscribes to this tenant's events only; others' never reach the handler.
    ///
    /// # Errors
    /// As [`EventBus::subscribe`]; [`ErrorKind::TenantMismatch`](crate::ErrorKind::TenantMismatch) if the subscription
    /// names another tenant.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// let acme = bus.tenant("acme")?;
    /// acme.subscribe(Subscription::matching("acme-audit", "*").handler(async |event: RawEvent, _| {
    ///     assert_eq!(event.envelope().tenant.as_str(), "acme");
    /// }))
    /// .await?;
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn subscribe<E: Incoming>(&self, subscription: Subscription<E>) -> Result<SubscriptionHandle> {
        self.bus.subscribe(subscription.only(&self.tenant)?).await
    }

    /// Listens to this tenant's events only.
    ///
    /// # Errors
    /// As [`EventBus::listen`]; [`ErrorKind::TenantMismatch`](crate::ErrorKind::TenantMismatch) if the broadcast names
    /// another tenant.
    ///
    /// ```
    /// use tekup_core::{Broadcast, EventBus, RawEvent};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("shop")?;
    /// bus.tenant("acme")?.listen(Broadcast::matching("cache", "*").handler(async |_: RawEvent, _| ())).await?;
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn listen<E: Incoming>(&self, broadcast: Broadcast<E>) -> Result<BroadcastHandle> {
        self.bus.listen(broadcast.only(&self.tenant)?).await
    }

    /// Where an event of this tenant stands; another tenant's is unknown.
    ///
    /// # Errors
    /// As [`EventBus::wait_for`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, transport::Stage};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert_eq!(acme.status(EventId::generate()).await?.stage, Stage::Unknown);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn status(&self, id: EventId) -> Result<EventStatus> {
        self.bus.status(&self.tenant, id).await
    }

    /// As [`EventBus::stored`], for an event of this tenant; another tenant's is none.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert_eq!(acme.stored(tekup_core::EventId::generate()).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stored(&self, id: EventId) -> Result<Option<StoredEvent>> {
        self.bus.stored(&self.tenant, id).await
    }

    /// As [`EventBus::wait_for`], for an event of this tenant; another tenant's is unknown.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tekup_core::{EventBus, EventId, transport::Stage};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
    /// let status = acme.wait_for(EventId::generate(), Duration::from_secs(5)).await?;
    /// assert_eq!(status.stage, Stage::Unknown);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(&self, id: EventId, patience: Duration) -> Result<EventStatus> {
        self.bus.wait_for(&self.tenant, id, patience).await
    }

    /// As [`EventBus::trace`], of this tenant.
    ///
    /// # Errors
    /// As [`EventBus::trace`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert!(acme.trace("import-7").await?.roots.is_empty());
    /// assert!(acme.trace("").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn trace(&self, correlation: impl AsRef<str>) -> Result<Trace> {
        self.bus.trace(&self.tenant, correlation).await
    }

    /// This tenant's dead letters of a subscription, named `<service>/<name>`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if that is no subscription's name.
    ///
    /// ```
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert!(acme.dead_letters("crm/scoring").is_ok());
    /// assert!(acme.dead_letters("scoring").is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn dead_letters(&self, subscription: impl AsRef<str>) -> Result<DeadLetters> {
        Ok(self.bus.dead_letters(subscription)?.only(&self.tenant))
    }

    /// What all processes have counted for this tenant.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.publish(LeadCreated { score: 75.0 }.event("other")).await?;
    /// assert_eq!(bus.tenant("acme")?.counters().await?.published, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn counters(&self) -> Result<Counters> {
        self.bus.counters_of(&self.tenant).await
    }
}
