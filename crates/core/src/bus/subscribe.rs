//! Subscribing, in this process.

use std::{sync::Arc, time::Duration};

use super::{EventBus, core::Core};
use crate::{
    config::BusConfig,
    error::Result,
    handler::Incoming,
    ids::SubscriptionId,
    runtime::Runtime,
    subscription::{Settings, Subscription, SubscriptionHandle},
    transport::{DynSource, Policy, SourceSpec},
};

impl EventBus {
    /// Registers a durable subscription, if it is new, and starts to handle its events in this process.
    ///
    /// A new one gets what is published from now on, unless it says otherwise ([`Subscription::start_at`]); one that was
    /// registered before gets what it missed. Where it is registered with other patterns, tenants or rate limit, the larger
    /// [`BusConfig::revision`](crate::BusConfig::revision) decides; [`preview`](EventBus::preview) tells beforehand, but
    /// for the rate limit.
    ///
    /// # Errors
    /// Every mistake of the subscription at once ([`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput)); [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if this bus
    /// runs one of the same name already, or another deploy of the same revision says something else.
    ///
    /// # Cancel safety
    /// If dropped, the subscription may be registered, but it does not run here.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// let audit = || Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ());
    /// let running = bus.subscribe(audit()).await?;
    /// assert_eq!(running.id().to_string(), "audit/everything");
    /// assert!(bus.subscribe(audit()).await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn subscribe<E: Incoming>(&self, subscription: Subscription<E>) -> Result<SubscriptionHandle> {
        let (settings, router) = subscription.build(&self.0.config, Arc::clone(&self.0.checks))?;
        self.0.expect_open()?;
        Core::flush_in_background(&self.0);
        let seat = self.0.running.reserve(&settings)?;
        let running = Runtime::start(self.clone(), settings, router).await?;
        let runtime = Arc::clone(&running.runtime);
        if let Some(late) = seat.take(running) {
            let _stopped = tokio::spawn(late.stop(Duration::ZERO)).await;
            return Err(Core::closed());
        }
        Ok(SubscriptionHandle::new(self.clone(), runtime))
    }

    /// Stops a subscription in this process: what it has not started goes to its replicas, what it has started is
    /// finished within the grace period. Position, retries and dead letters stay.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if none of that name runs here.
    ///
    /// # Cancel safety
    /// If dropped, the subscription goes on stopping on its own.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// bus.unsubscribe("everything").await?;
    /// assert!(bus.unsubscribe("everything").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unsubscribe(&self, name: impl AsRef<str>) -> Result<()> {
        let running = self.0.running.remove(name.as_ref())?;
        // In a task of its own, so that dropping this future does not leave it half stopped.
        let _stopped = tokio::spawn(running.stop(self.0.config.shutdown_grace)).await;
        Ok(())
    }

    /// The subscriptions that run in this process.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.subscriptions(), ["audit/everything".parse()?]);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn subscriptions(&self) -> Vec<SubscriptionId> {
        self.0.running.ids()
    }

    pub(crate) async fn open_source(&self, id: &SubscriptionId, settings: &Settings) -> Result<Arc<dyn DynSource>> {
        self.0.transport.open(self.spec(id, settings)).await
    }

    pub(super) fn spec(&self, id: &SubscriptionId, settings: &Settings) -> SourceSpec {
        let config = self.config();
        SourceSpec {
            tenants: settings.tenants.clone(),
            revision: config.revision,
            start_at: settings.start_at,
            idempotency: settings.idempotency,
            lease: config.lease,
            retry_limit: config.retry_limit,
            dead_letter_ttl: config.dead_letter_ttl,
            dead_letter_cap: config.dead_letter_cap,
            rate_limit: settings.rate_limit,
            policy: Some(policy(config, settings)),
            ..SourceSpec::new(id.clone(), settings.patterns.clone())
        }
    }
}

/// What this process will go by, to be told.
fn policy(config: &BusConfig, settings: &Settings) -> Policy {
    Policy {
        retry: settings.retry.clone(),
        timeout: settings.timeout,
        concurrency: settings.concurrency,
        batch: settings.batch.map(|batch| batch.most),
        start_at: settings.start_at,
        ..Policy::of_bus(config)
    }
}
