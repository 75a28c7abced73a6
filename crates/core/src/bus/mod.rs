//! The bus: publish, subscribe, look, stop.

mod audit;
mod core;
mod dead_letters;
mod depths;
mod gathering;
mod health;
mod latencies;
mod listen;
mod liveness;
mod look;
mod metrics;
mod pause;
mod preview;
mod publish;
mod queues;
mod removal;
mod room;
mod running;
mod schedule;
mod sending;
mod stop;
mod subscribe;
mod tenant;
mod trace;
mod wait;

use std::{fmt, sync::Arc};

use tokio::sync::Semaphore;

pub use dead_letters::DeadLetters;
pub use publish::Publish;
pub use removal::Removal;
pub use tenant::TenantBus;
pub use trace::{Trace, TraceNode};

use self::core::Core;
use crate::{
    checks::Schemas,
    config::BusConfig,
    error::{Error, Result},
    ids::{ServiceName, TenantId},
    memory::MemoryTransport,
    metrics::Meter,
    runtime::Slots,
    spans::{Propagator, Spans},
    transport::{Capabilities, Transport},
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
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if the service's name breaks its rule.
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
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with every mistake of the settings at once.
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

    /// From now on, untyped events of types that these know must keep their schemas: they are looked at where they are
    /// published, where a handler of [`RawEvent`](crate::RawEvent) would be given them, and before a dead letter is replayed.
    /// Typed events keep the rules of their type anyway, and are not looked at. What happens to one that does not is
    /// [`BusConfig::schema_check`](crate::BusConfig::schema_check).
    ///
    /// Untyped events are recorded in the [audit](crate::audit) where these [say so](crate::Schemas::audits) of their type.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the bus has schemas already.
    ///
    /// See [`Schemas`](crate::Schemas) for an example.
    pub fn use_schemas(&self, schemas: impl Schemas) -> Result<()> {
        self.0.checks.use_schemas(schemas)
    }

    /// From now on, what is published and handled is joined to the spans of a tracing system: events carry the context in
    /// which they were created, and handlers are linked to it. Without this the bus reads and writes no such context.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the bus has a propagator already.
    ///
    /// See [`Propagator`] for an example.
    pub fn use_propagator(&self, propagator: impl Propagator) -> Result<()> {
        self.0.spans.use_propagator(propagator)
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

    /// A handle that publishes, subscribes, looks and replays for one tenant only.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule.
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

    pub(crate) fn slots(&self) -> &Slots {
        &self.0.slots
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(crate) fn spans(&self) -> &Spans {
        &self.0.spans
    }

    pub(crate) fn suspect_gate(&self) -> &Arc<Semaphore> {
        &self.0.suspect_gate
    }

    pub(crate) fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        self.0.transport.renewal_runtime()
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
