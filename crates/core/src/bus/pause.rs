//! Stopping a subscription for a while, or slowing it down, in all processes.

use super::EventBus;
use crate::{audit::ActionKind, error::Result, rate_limit::RateLimit, transport::SubscriptionState};

impl EventBus {
    /// Pauses a subscription, named `<service>/<name>`, in all processes: nothing of it is read or started any more, and
    /// what was read ahead goes back, attempts unraised. What has been started is finished and settled. Answers whether
    /// it was not paused before.
    ///
    /// It is stored, and lasts until [`resume`](EventBus::resume), whatever becomes of this process. Events go on being
    /// stored for the subscription meanwhile, and retries come due: all of them wait, and so does what a process held that
    /// has died. What was read ahead and went back is the first to come when the subscription is resumed.
    ///
    /// It is for those who operate the service: a tenant's handle can't.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered; those of the store.
    ///
    /// # Cancel safety
    /// If dropped, it may be paused or not; calling again does no harm.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(bus.pause("audit/everything").await?);
    /// assert!(!bus.pause("audit/everything").await?); // it is already
    /// assert!(bus.pause("audit/nothing").await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn pause(&self, subscription: impl AsRef<str>) -> Result<bool> {
        self.set_paused(ActionKind::Pause, subscription.as_ref()).await
    }

    /// Lets a paused subscription go on, in all processes, where it was. Answers whether it was paused.
    ///
    /// # Errors
    /// As [`pause`](EventBus::pause).
    ///
    /// # Cancel safety
    /// If dropped, it may be resumed or not; calling again does no harm.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// bus.pause("audit/everything").await?;
    /// assert!(bus.resume("audit/everything").await?);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn resume(&self, subscription: impl AsRef<str>) -> Result<bool> {
        self.set_paused(ActionKind::Resume, subscription.as_ref()).await
    }

    async fn set_paused(&self, kind: ActionKind, subscription: &str) -> Result<bool> {
        let (subscription, admin) = (subscription.parse()?, self.0.transport.admin());
        let work = admin.set_paused(&subscription, kind == ActionKind::Pause);
        self.recorded(self.action(kind).subscription(&subscription), work, |changed| u64::from(*changed)).await
    }

    /// Limits how many deliveries of a subscription, named `<service>/<name>`, are handed out in a time to all its
    /// replicas together; with `None` no longer. All of them hear of it while they run. Answers whether it changed.
    ///
    /// It is stored, and holds until it is set again, or a replica starts whose
    /// [`Subscription::rate_limit`](crate::Subscription::rate_limit) is another than that of the last. One of an older
    /// [`revision`](crate::BusConfig::revision) than the last does not change it, nor does a newer one that says the same.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered;
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the limit is out of its range; those of the store.
    ///
    /// # Cancel safety
    /// If dropped, it may be set or not; calling again does no harm.
    ///
    /// ```
    /// use tekup_core::{EventBus, RateLimit, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(bus.set_rate_limit("audit/everything", Some(RateLimit::per_second(100))).await?);
    /// assert!(bus.set_rate_limit("audit/everything", Some(RateLimit::per_second(0))).await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn set_rate_limit(&self, subscription: impl AsRef<str>, limit: Option<RateLimit>) -> Result<bool> {
        let subscription = subscription.as_ref().parse()?;
        limit.map_or(Ok(()), |limit| limit.check())?;
        let words = limit.map_or_else(|| "none".into(), |limit| limit.to_string());
        let action = self.action(ActionKind::SetRateLimit).subscription(&subscription).detail(&words);
        let admin = self.0.transport.admin();
        self.recorded(action, admin.set_rate_limit(&subscription, limit), |changed| u64::from(*changed)).await
    }

    /// Whether a subscription, named `<service>/<name>`, is paused, and its rate limit.
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
    /// assert_eq!(bus.subscription_state("audit/everything").await?.paused, None);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn subscription_state(&self, subscription: impl AsRef<str>) -> Result<SubscriptionState> {
        self.0.transport.admin().state(&subscription.as_ref().parse()?).await
    }
}
