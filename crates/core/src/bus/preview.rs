//! Looking before a deploy: what is registered, and what subscribing would do to it.

use super::EventBus;
use crate::{
    error::Result,
    handler::Incoming,
    ids::SubscriptionId,
    subscription::Subscription,
    transport::{Preview, Registration},
};

impl EventBus {
    /// What [`subscribe`](EventBus::subscribe) would do now with this subscription, of this bus's
    /// [`revision`](crate::BusConfig::revision): whether it is new, takes over, is behind or would be refused, which types
    /// it would gain, and what it would leave once that is drained. Nothing is changed. Its rate limit is not looked at.
    ///
    /// # Errors
    /// The mistakes in names, patterns and settings ([`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput)); those
    /// of the store. That it would be refused is no error.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// let audit = |pattern| Subscription::matching("leads", pattern).handler(async |_: RawEvent, _| ());
    /// bus.subscribe(audit("lead.created")).await?;
    /// let preview = bus.preview(&audit("lead.*")).await?;
    /// assert!(preview.to_string().contains("takes over from `lead.created`"));
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn preview<E: Incoming>(&self, subscription: &Subscription<E>) -> Result<Preview> {
        let settings = subscription.settings(self.config())?;
        let id = SubscriptionId::new(self.service().clone(), settings.name.clone());
        self.0.transport.admin().preview(&self.spec(&id, &settings)).await
    }

    /// Which patterns and tenants of a subscription, named `<service>/<name>`, are registered for all its replicas, with
    /// which revision, and which lanes it takes no more and still drains.
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
    /// bus.subscribe(Subscription::matching("leads", "lead.*").handler(async |_: RawEvent, _| ())).await?;
    /// let registered = bus.registration("audit/leads").await?;
    /// assert_eq!((registered.patterns[0].as_str(), registered.draining.len()), ("lead.*", 0));
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn registration(&self, subscription: impl AsRef<str>) -> Result<Registration> {
        self.0.transport.admin().registration(&subscription.as_ref().parse()?).await
    }
}
