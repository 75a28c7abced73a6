use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tekup_core::{EventBus, TenantId};

use crate::{hysteresis::Hysteresis, metrics, probes, readiness::Looks, shared::Shared, store::Store};

/// What those who operate a service ask it over HTTP: probes and metrics. A builder of a [`Router`].
///
/// ```
/// use std::time::Duration;
/// use tekup_core::EventBus;
/// use tekup_http::Operations;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("billing")?;
/// let operations = Operations::of(&bus).subscriptions(2).unready_after(5).look_every(Duration::from_secs(1));
/// let app: axum::Router = axum::Router::new().nest("/internal", operations.router());
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `router`"]
pub struct Operations {
    bus: EventBus,
    looks: Looks,
    store_every: Option<Duration>,
    tenants: Vec<TenantId>,
}

/// No setting may make the looks a load.
const SHORTEST: Duration = Duration::from_millis(100);

impl Operations {
    /// Those of a bus.
    ///
    /// ```
    /// # fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let router: axum::Router = tekup_http::Operations::of(&bus).router();
    /// # drop(router);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(bus: &EventBus) -> Self {
        let looks = Looks { every: Duration::from_secs(2), hysteresis: Hysteresis::default(), subscriptions: 0 };
        Self { bus: bus.clone(), looks, store_every: None, tenants: Vec::new() }
    }

    /// How often it is looked whether the process is ready, by one task, however many ask: at least 100 ms; default 2 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).look_every(Duration::from_secs(5));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn look_every(mut self, every: Duration) -> Self {
        self.looks.every = every.max(SHORTEST);
        self
    }

    /// After how many bad looks in a row a process that was ready no longer is; default 3. Each fails after 0.8 s, so a store
    /// that hangs is told after some 6 s.
    ///
    /// ```
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).unready_after(5);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn unready_after(mut self, looks: u32) -> Self {
        self.looks.hysteresis.unready_after = looks;
        self
    }

    /// After how many good looks in a row a process becomes ready; default 1.
    ///
    /// ```
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).ready_after(2);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn ready_after(mut self, looks: u32) -> Self {
        self.looks.hysteresis.ready_after = looks;
        self
    }

    /// How many subscriptions must run before the process has started (`/startupz`); default 0. Where one opens several, one
    /// after another, this is how many.
    ///
    /// ```
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).subscriptions(3);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn subscriptions(mut self, count: usize) -> Self {
        self.looks.subscriptions = count;
        self
    }

    /// Tells among the metrics how it is with the store too: how much waits for every subscription of the bus, those of other
    /// services as well. One process of a bus is enough for that, such as `tekup serve`.
    ///
    /// The store is asked at most every so often, at least 100 ms, however many scrape; and a tenth of the time at most: after
    /// a look that took a second, none for nine. At most 500 subscriptions are looked at, four at once, and none after 5 s; how
    /// many were left out is told.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).with_store(Duration::from_secs(10));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn with_store(mut self, every: Duration) -> Self {
        self.store_every = Some(every.max(SHORTEST));
        self
    }

    /// Tells of these tenants by themselves how much waits, where the store's figures are told at all.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let operations = tekup_http::Operations::of(&bus).with_store(Duration::from_secs(10)).tenants(["acme".parse()?]);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn tenants(mut self, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        self.tenants = tenants.into_iter().collect();
        self
    }

    /// The routes `/livez`, `/startupz`, `/readyz`, `/health` and `/metrics`, to be merged or nested.
    ///
    /// The first who asks begins the looks; they end when the router is dropped. It takes no runtime to call this.
    ///
    /// ```
    /// # fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("billing")?;
    /// let app: axum::Router = axum::Router::new().merge(tekup_http::Operations::of(&bus).router());
    /// # drop(app);
    /// # Ok(())
    /// # }
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let store = self.store_every.map(|every| Store::new(every, self.tenants));
        let shared = Arc::new(Shared::new(self.bus, self.looks, store));
        Router::new()
            .route("/livez", get(probes::livez))
            .route("/startupz", get(probes::startupz))
            .route("/readyz", get(probes::readyz))
            .route("/health", get(probes::health))
            .route("/metrics", get(metrics::scrape))
            .with_state(shared)
    }
}
