//! The bus: publish, subscribe, look, stop.

mod core;
mod dead_letters;
mod publish;
mod running;
mod signals;
mod tenant;

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

pub use dead_letters::DeadLetters;
pub use publish::Publish;
pub use tenant::TenantBus;

use self::core::Core;
use crate::{
    config::BusConfig,
    error::{Error, ErrorKind, Result},
    handler::Incoming,
    ids::{EventId, ServiceName, SubscriptionId, TenantId},
    memory::MemoryTransport,
    metrics::{Meter, Tally},
    runtime::{Runtime, Slots},
    subscription::{Settings, Subscription, SubscriptionHandle},
    transport::{Books, Capabilities, Counters, DynSource, EventStatus, Outgoing, Receipt, SourceSpec, Transport},
};

/// A service's way to the bus: a cheap handle to clone and share.
///
/// Handlers start when [`subscribe`](EventBus::subscribe) returns, and run until [`shutdown`](EventBus::shutdown),
/// even if every handle is dropped.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, Subscription, TekupEvent};
///
/// #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct LeadCreated {
///     score: f64,
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> tekup_core::Result<()> {
///     let bus = EventBus::in_memory("crm")?;
///     let (done, mut scores) = tokio::sync::mpsc::unbounded_channel();
///     bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler_with(done, async |done, event, _| {
///         done.send(event.data.score)?;
///         Ok(())
///     }))
///     .await?;
///
///     bus.publish(LeadCreated { score: 75.0 }.event("tenant-123").user("user-456")).await?;
///     assert_eq!(scores.recv().await, Some(75.0));
///     bus.shutdown().await
/// }
/// ```
#[derive(Clone)]
pub struct EventBus(Arc<Core>);

impl EventBus {
    /// A bus within this process, with the default settings: no server is needed, and nothing outlives the process.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the service's name breaks its rule.
    ///
    /// ```
    /// use tekup_core::EventBus;
    /// assert_eq!(EventBus::in_memory("billing")?.service().as_str(), "billing");
    /// assert!(EventBus::in_memory("no spaces").is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn in_memory(service: impl Into<String>) -> Result<Self> {
        Self::new(BusConfig::new(service), MemoryTransport::new())
    }

    /// A bus with settings, on any transport.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake of the settings at once.
    ///
    /// ```
    /// use tekup_core::{BusConfig, EventBus, memory::MemoryTransport};
    ///
    /// let shared = MemoryTransport::new();
    /// let billing = EventBus::new(BusConfig::new("billing"), shared.clone())?;
    /// let audit = EventBus::new(BusConfig::new("audit"), shared)?;
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn new(config: BusConfig, transport: impl Transport) -> Result<Self> {
        config.check()?;
        Ok(Self(Arc::new(Core::new(config, transport)?)))
    }

    /// The service's name.
    ///
    /// ```
    /// assert_eq!(tekup_core::EventBus::in_memory("billing")?.service().as_str(), "billing");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.0.service
    }

    /// The settings.
    ///
    /// ```
    /// assert_eq!(tekup_core::EventBus::in_memory("billing")?.config().concurrency, 5);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &BusConfig {
        &self.0.config
    }

    /// What the transport can do.
    ///
    /// ```
    /// assert!(tekup_core::EventBus::in_memory("billing")?.capabilities().paused_time);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.0.transport.capabilities()
    }

    /// Stores an event: a draft, an [`Event`](crate::Event), a [`RawEvent`](crate::RawEvent) or an [`Outgoing`]. When this returns, every
    /// matching subscription that existed before will get it at least once, or it ends in that subscription's dead
    /// letters.
    ///
    /// # Errors
    /// Every mistake of a draft at once ([`ErrorKind::InvalidInput`]); [`ErrorKind::TooLarge`] beyond the limits;
    /// [`ErrorKind::Unencodable`] for what JSON can't hold; [`ErrorKind::Backpressure`] if the store is full: nothing
    /// was stored; [`ErrorKind::Unavailable`] if it does not answer: publish again with the same id, which is stored
    /// once.
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
    /// let bus = EventBus::in_memory("crm")?;
    /// let receipt = bus.publish(LeadCreated { score: 75.0 }.event("tenant-123").user("user-456")).await?;
    /// assert!(!receipt.duplicate);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish(&self, event: impl Publish) -> Result<Receipt> {
        let outgoing = event.into_outgoing(&self.0.limits)?;
        let mut answers = self.send(vec![outgoing]).await?;
        answers.pop().unwrap_or_else(|| Err(Error::new(ErrorKind::Internal, "the transport answered nothing")))
    }

    /// Stores many events in few round trips: one result for each, in their order. What is wrong with one does not stop
    /// the others.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] for more events than [`BusConfig::max_batch_events`]; an error of the whole call means
    /// that nothing is known: publishing again with the same ids is safe.
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
    /// let bus = EventBus::in_memory("crm")?;
    /// let drafts = [50.0, f64::NAN, 75.0].map(|score| LeadCreated { score }.event("tenant-123"));
    /// let results = bus.publish_batch(drafts).await?;
    /// assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish_batch<P: Publish>(&self, events: impl IntoIterator<Item = P>) -> Result<Vec<Result<Receipt>>> {
        let made: Vec<_> = events.into_iter().map(|event| event.into_outgoing(&self.0.limits)).collect();
        let most = self.0.limits.batch_events;
        if made.len() > most {
            let message = format!("batch has {} events, {most} are allowed: publish it in parts", made.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let mut good = Vec::with_capacity(made.len());
        let made: Vec<Result<()>> = made.into_iter().map(|made| made.map(|outgoing| good.push(outgoing))).collect();
        let mut answers = self.send(good).await?.into_iter();
        let unanswered = || Err(Error::new(ErrorKind::Internal, "the transport left an event without an answer"));
        Ok(made.into_iter().map(|made| made.and_then(|()| answers.next().unwrap_or_else(unanswered))).collect())
    }

    async fn send(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.0.expect_open()?;
        let tenants: Vec<TenantId> = batch.iter().map(|outgoing| outgoing.tenant.clone()).collect();
        let answers = self.0.transport.publish(batch).await?;
        let is_new = |answer: &Result<Receipt>| answer.as_ref().is_ok_and(|receipt| !receipt.duplicate);
        let stored = tenants.iter().zip(&answers).filter(|(_, answer)| is_new(answer));
        self.meter().note(stored.map(|(tenant, _)| (Some(tenant), Tally::published())));
        Core::flush_in_background(&self.0);
        Ok(answers)
    }

    /// Registers a durable subscription, if it is new, and starts to handle its events in this process.
    ///
    /// A new one gets what is published from now on; one that was registered before gets what it missed.
    ///
    /// # Errors
    /// Every mistake of the subscription at once ([`ErrorKind::InvalidInput`]); [`ErrorKind::Conflict`] if this bus
    /// runs one of the same name already.
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
        let (settings, router) = subscription.build(&self.0.config)?;
        self.0.expect_open()?;
        Core::flush_in_background(&self.0);
        let seat = self.0.running.reserve(&settings)?;
        let running = Runtime::start(self.clone(), settings, router).await?;
        let runtime = Arc::clone(&running.runtime);
        if let Some(late) = seat.take(running) {
            late.stop(Duration::ZERO).await;
            return Err(Core::closed());
        }
        Ok(SubscriptionHandle::new(self.clone(), runtime))
    }

    /// Stops a subscription in this process: what it has not started goes to its replicas, what it has started is
    /// finished within the grace period. Position, retries and dead letters stay.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if none of that name runs here.
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
        running.stop(self.0.config.shutdown_grace).await;
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

    /// A handle that publishes, subscribes, looks and replays for one tenant only.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the tenant's name breaks its rule.
    ///
    /// ```
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert_eq!(acme.tenant().as_str(), "acme");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn tenant<T>(&self, tenant: T) -> Result<TenantBus>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        Ok(TenantBus::new(self.clone(), tenant.try_into().map_err(Error::from)?))
    }

    /// Where an event stands, overall and for each subscription that it is for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the tenant's name breaks its rule; those of the store.
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

    /// The dead letters of a subscription, named `<service>/<name>`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if that is no subscription's name.
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
        Ok(DeadLetters::new(self.0.transport.admin(), subscription.as_ref().parse()?, None))
    }

    /// What became of all that was ever stored for a subscription, named `<service>/<name>`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered; those of the store.
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

    /// Waits for SIGTERM or SIGINT, then shuts down in order; a second signal returns at once.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if signals can't be listened to; those of [`shutdown`](EventBus::shutdown).
    ///
    /// ```
    /// use tekup_core::EventBus;
    ///
    /// async fn serve(bus: EventBus) -> tekup_core::Result<()> {
    ///     bus.run_until_signal().await
    /// }
    /// # drop(serve);
    /// ```
    pub async fn run_until_signal(&self) -> Result<()> {
        let mut signals = signals::Signals::listen()?;
        signals.next().await;
        tracing::info!(service = %self.service(), "stopping; a second signal leaves at once");
        tokio::select! {
            result = self.shutdown() => result,
            () = signals.next() => Ok(()),
        }
    }

    /// Stops all subscriptions of this bus: no event is started any more, those not started go to the replicas at once,
    /// and those started have the configured grace period to finish. Further calls of this bus are refused.
    ///
    /// # Errors
    /// Those of the store, for what was counted last; the subscriptions are stopped all the same.
    ///
    /// # Cancel safety
    /// If dropped, the subscriptions go on stopping on their own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// bus.shutdown().await?;
    /// assert!(bus.counters().await.is_ok()); // looking is still allowed
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) -> Result<()> {
        self.0.shutdown().await
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.0.slots
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(crate) fn suspect_gate(&self) -> &Arc<Semaphore> {
        &self.0.suspect_gate
    }

    pub(crate) fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        self.0.transport.renewal_runtime()
    }

    pub(crate) async fn open_source(&self, id: &SubscriptionId, settings: &Settings) -> Result<Arc<dyn DynSource>> {
        let config = self.config();
        let spec = SourceSpec {
            tenants: settings.tenants.clone(),
            lease: config.lease,
            retry_limit: config.retry_limit,
            dead_letter_ttl: config.dead_letter_ttl,
            dead_letter_cap: config.dead_letter_cap,
            ..SourceSpec::new(id.clone(), settings.patterns.clone())
        };
        self.0.transport.open(spec).await
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus")
            .field("service", self.service())
            .field("subscriptions", &self.subscriptions())
            .finish_non_exhaustive()
    }
}
