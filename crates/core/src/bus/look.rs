//! Looking: where events stand, what is dead, what was counted.

use super::{DeadLetters, EventBus};
use crate::{
    error::{Error, Result},
    ids::{EventId, TenantId},
    transport::{Books, Counters, EventStatus, Replicas, StoredEvent, SubscriptionPage},
};

impl EventBus {
    /// Where an event stands, overall and for each subscription that it is for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule; those of the store.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent, transport::Stage};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// let receipt = bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// assert_eq!(bus.status("acme", receipt.id).await?.stage, Stage::Completed); // nobody subscribes
    /// assert_eq!(bus.status("other", receipt.id).await?.stage, Stage::Unknown);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn status<T>(&self, tenant: T, id: EventId) -> Result<EventStatus>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = tenant.try_into().map_err(Error::from)?;
        self.0.transport.admin().status(&tenant, id).await
    }

    /// One event as it is stored, with the bytes that were published, and where it lies. `None` for what is no event of
    /// that tenant, and for one that is stored nowhere any more: it was cancelled, or every subscription has settled it and
    /// its lane let go of it. What lies in a lane for longer than ids are remembered (`RedisConfig::dedupe_window` on
    /// Redis) may not be found; retries and dead letters are. On Redis it is two or three round trips, and one more for each
    /// 100 subscriptions when the event has left its lane.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule; those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    ///
    /// use tekup_core::{EventBus, TekupEvent, transport::StoredIn};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// let later = LeadCreated { score: 75.0 }.event("acme").delay(Duration::from_secs(60));
    /// let receipt = bus.publish(later).await?;
    /// let stored = bus.stored("acme", receipt.id).await?.expect("it waits for its time");
    /// assert!(matches!(stored.place, StoredIn::Schedule { .. }));
    /// assert!(bus.stored("other", receipt.id).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stored<T>(&self, tenant: T, id: EventId) -> Result<Option<StoredEvent>>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = tenant.try_into().map_err(Error::from)?;
        self.0.transport.admin().event(&tenant, id).await
    }

    /// The dead letters of a subscription, named `<service>/<name>`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if that is no subscription's name.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.dead_letters("audit/everything")?.count().await?, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn dead_letters(&self, subscription: impl AsRef<str>) -> Result<DeadLetters> {
        Ok(DeadLetters::new(self.clone(), subscription.as_ref().parse()?))
    }

    /// What became of all that was ever stored for a subscription, named `<service>/<name>`. On Redis it costs as many calls
    /// as [`depths`](Self::depths), which are shorter: they look at positions and sizes, and at no event.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered; those of the store.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(bus.books("audit/everything").await?.balanced());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn books(&self, subscription: impl AsRef<str>) -> Result<Books> {
        self.0.transport.admin().books(&subscription.as_ref().parse()?).await
    }

    /// How many replicas of a subscription, named `<service>/<name>`, are alive in all processes, and when one was last
    /// heard of. One whose process was killed counts for some seconds longer.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered; those of the store.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.replicas("audit/everything").await?.alive, 1);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn replicas(&self, subscription: impl AsRef<str>) -> Result<Replicas> {
        self.0.transport.admin().replicas(&subscription.as_ref().parse()?).await
    }

    /// Which subscriptions are registered on the bus, of all services and whether or not they run, by name; at most so
    /// many, 1 to 1,000, after the `next` of the page before. Those of this process are
    /// [`subscriptions`](EventBus::subscriptions). One that is being removed is told of until that is finished.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if `most` is out of range; those of the store.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let page = bus.all_subscriptions(None, 100).await?;
    /// assert_eq!((page.subscriptions[0].id.to_string().as_str(), page.next), ("audit/everything", None));
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn all_subscriptions(&self, after: Option<String>, most: usize) -> Result<SubscriptionPage> {
        self.0.transport.admin().subscriptions(after, most).await
    }

    /// What all processes have counted for the whole bus.
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
    /// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// assert_eq!(bus.counters().await?.published, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn counters(&self) -> Result<Counters> {
        self.0.flush().await?;
        self.0.transport.admin().counters(None).await
    }

    pub(crate) async fn counters_of(&self, tenant: &TenantId) -> Result<Counters> {
        self.0.flush().await?;
        self.0.transport.admin().counters(Some(tenant)).await
    }

    /// What this process has counted since it began.
    ///
    /// ```
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert_eq!(bus.process_counters().published, 0);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn process_counters(&self) -> Counters {
        self.meter().process()
    }
}
