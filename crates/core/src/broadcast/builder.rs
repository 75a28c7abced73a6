use std::{future::Future, sync::Arc, time::Duration};

use crate::{
    checks::Checks,
    config::BusConfig,
    error::{Error, Result},
    event::{Event, RawEvent, TekupEvent},
    handler::{Context, Incoming, IntoOutcome, Router},
    ids::{IntoPatterns, TenantId},
    subscription::{Settings, Subscription},
};

/// A listener that hears each event in *every* replica, from now on: to empty a cache, to reload a table.
///
/// It is no [`Subscription`], and not durable. Replicas share nothing: each gets each event. What is published before
/// [`EventBus::listen`](crate::EventBus::listen) has returned, or while the process is away, it never hears of. A handler
/// that fails is logged, and not called again; there are no dead letters. Nothing is kept for a listener: one that is too
/// slow misses events, which are counted ([`BroadcastHandle::missed`](crate::BroadcastHandle::missed)) and logged once.
///
/// ```
/// use tekup_core::{Broadcast, EventBus, TekupEvent};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct PriceChanged { product: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("shop")?;
/// bus.listen(Broadcast::to::<PriceChanged>("cache").handler(async |event, _| {
///     println!("forgetting the price of {}", event.data.product);
/// }))
/// .await?;
/// # bus.shutdown().await
/// # }
/// ```
#[must_use = "a broadcast is heard only when a bus listens to it"]
#[derive(Debug)]
pub struct Broadcast<E>(Subscription<E>);

impl Broadcast<()> {
    /// A listener to one type of event, whose handler is given [`Event`]`<T>`. The name is for logs and metrics.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Broadcast, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct PriceChanged { product: String }
    /// let cache = Broadcast::to::<PriceChanged>("cache").handler(async |event, _| drop(event.data));
    /// # drop(cache);
    /// ```
    pub fn to<T: TekupEvent>(name: impl AsRef<str>) -> Broadcast<Event<T>> {
        Broadcast(Subscription::to::<T>(name).concurrency(1))
    }

    /// A listener to all types that a pattern matches, or one of several, whose handler is given [`RawEvent`].
    ///
    /// ```
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "price.*").handler(async |event: RawEvent, _| drop(event));
    /// # drop(cache);
    /// ```
    pub fn matching(name: impl AsRef<str>, patterns: impl IntoPatterns) -> Broadcast<RawEvent> {
        Broadcast(Subscription::matching(name, patterns).concurrency(1))
    }
}

impl<E: Incoming> Broadcast<E> {
    /// Handlers at once, 1 to 10,000; default 1, which keeps the order of each lane.
    ///
    /// ```
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "*").concurrency(8).handler(async |_: RawEvent, _| ());
    /// # drop(cache);
    /// ```
    pub fn concurrency(self, handlers: usize) -> Self {
        Self(self.0.concurrency(handlers))
    }

    /// Time for one call of the handler, 1 ms to 24 h; then it is cancelled at its next await. Default: the bus's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "*").timeout(Duration::from_secs(1)).handler(async |_: RawEvent, _| ());
    /// # drop(cache);
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// The tenants whose events are handled. Called again, it adds to them. Default: all.
    ///
    /// ```
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "*").tenants(["acme"]).handler(async |_: RawEvent, _| ());
    /// # drop(cache);
    /// ```
    pub fn tenants<T>(self, tenants: impl IntoIterator<Item = T>) -> Self
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        Self(self.0.tenants(tenants))
    }

    /// Which events are handled.
    ///
    /// ```
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "*")
    ///     .filter(|event: &RawEvent| event.envelope().user.is_some())
    ///     .handler(async |_: RawEvent, _| ());
    /// # drop(cache);
    /// ```
    pub fn filter(self, wants: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self(self.0.filter(wants))
    }

    /// What is done with an event: as [`Subscription::handler`]. A failure is logged; no other attempt follows.
    ///
    /// ```
    /// use tekup_core::{Broadcast, RawEvent};
    /// let cache = Broadcast::matching("cache", "*").handler(async |event: RawEvent, _| println!("{}", event.json()));
    /// # drop(cache);
    /// ```
    pub fn handler<F, Fut, R>(self, handler: F) -> Self
    where
        F: Fn(E, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        Self(self.0.handler(handler))
    }

    /// A handler with state, which is cloned for each call.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use tekup_core::{Broadcast, RawEvent};
    /// let prices = Arc::new(Mutex::new(vec![1.0]));
    /// let cache = Broadcast::matching("cache", "price.*")
    ///     .handler_with(prices, async |prices, _: RawEvent, _| prices.lock().unwrap().clear());
    /// # drop(cache);
    /// ```
    pub fn handler_with<S, F, Fut, R>(self, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: Fn(S, E, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        Self(self.0.handler_with(state, handler))
    }

    /// For a tenant's handle: this tenant and no other.
    pub(crate) fn only(self, tenant: &TenantId) -> Result<Self> {
        Ok(Self(self.0.only(tenant)?))
    }

    pub(crate) fn build(self, config: &BusConfig, checks: Arc<Checks>) -> Result<(Settings, Router)> {
        self.0.build(config, checks)
    }
}
