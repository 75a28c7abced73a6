use std::{future::Future, marker::PhantomData, sync::Arc, time::Duration};

use super::settings::{Settings, Wishes};
use crate::{
    checks::Checks,
    config::BusConfig,
    error::{BoxError, Error, ErrorKind, Problems, Result},
    event::{Event, RawEvent, TekupEvent},
    handler::{
        Context, Erased, ErasedBatch, Filter, Handler, HandlerError, Incoming, IntoOutcome, Route, Router, Typed,
        TypedBatch,
    },
    ids::{IntoPatterns, Pattern, SubscriptionName, TenantId},
    priority::Priority,
    rate_limit::RateLimit,
    retry::RetryPolicy,
    transport::StartAt,
};

/// A durable, named reader of a service: which events it takes, what it does with them, and how it fails.
///
/// Position, retries and dead letters belong to `<service>/<name>` and outlive every process; replicas of the service
/// that subscribe with the same name share the work. Settings that are not made come from the
/// [`BusConfig`](crate::BusConfig). Mistakes are collected and reported all at once by
/// [`EventBus::subscribe`](crate::EventBus::subscribe).
///
/// ```
/// use std::time::Duration;
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, RetryPolicy, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct InvoicePaid { amount: f64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("billing")?;
/// bus.subscribe(
///     Subscription::to::<InvoicePaid>("ledger")
///         .retry(RetryPolicy::exponential(5, Duration::from_secs(2)))
///         .timeout(Duration::from_secs(30))
///         .filter(|event| event.data.amount > 50.0)
///         .handler(async |event, _| println!("booking {}", event.data.amount)),
/// )
/// .await?;
/// # bus.shutdown().await
/// # }
/// ```
#[must_use = "a subscription does nothing until a bus subscribes it"]
pub struct Subscription<E> {
    name: Option<SubscriptionName>,
    patterns: Vec<Pattern>,
    tenants: Vec<TenantId>,
    pub(super) wishes: Wishes,
    filter: Option<Filter<E>>,
    handler: Option<Erased<E>>,
    pub(super) batch: Option<ErasedBatch<E>>,
    others: Vec<Box<dyn Route>>,
    pub(super) problems: Problems,
    event: PhantomData<fn(E)>,
}

impl Subscription<()> {
    /// A subscription to one type of event, whose handler is given [`Event`]`<T>`.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// let subscription = Subscription::to::<InvoicePaid>("ledger").handler(async |event, _| drop(event.data));
    /// # drop(subscription);
    /// ```
    pub fn to<T: TekupEvent>(name: impl AsRef<str>) -> Subscription<Event<T>> {
        Subscription::named(name).patterns(T::TYPE)
    }

    /// A subscription to all types that a pattern matches, or one of several, whose handler is given [`RawEvent`].
    ///
    /// ```
    /// use tekup_core::{RawEvent, Subscription, patterns};
    ///
    /// let audit = Subscription::matching("audit", patterns::ALL_EVENTS)
    ///     .handler(async |event: RawEvent, _| println!("{}", event.envelope().event_type));
    /// let results = Subscription::matching("results", ["*.completed", "support.session.resolved"])
    ///     .handler(async |event: RawEvent, _| println!("{}", event.envelope().event_type));
    /// # drop((audit, results));
    /// ```
    pub fn matching(name: impl AsRef<str>, patterns: impl IntoPatterns) -> Subscription<RawEvent> {
        Subscription::named(name).patterns(patterns)
    }

    /// A subscription to several types of event, each with a handler of its own: see [`Subscription::on`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Event, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceVoided { reason: String }
    /// let subscription = Subscription::several("ledger")
    ///     .on(async |event: Event<InvoicePaid>, _| println!("paid: {}", event.data.amount))
    ///     .on(async |event: Event<InvoiceVoided>, _| println!("voided: {}", event.data.reason));
    /// # drop(subscription);
    /// ```
    pub fn several(name: impl AsRef<str>) -> Subscription<RawEvent> {
        Subscription::named(name)
    }
}

impl<E: Incoming> Subscription<E> {
    fn named(name: impl AsRef<str>) -> Self {
        let mut problems = Problems::default();
        let name = problems.keep(SubscriptionName::new(name));
        Self {
            name,
            patterns: Vec::new(),
            tenants: Vec::new(),
            wishes: Wishes::default(),
            filter: None,
            handler: None,
            batch: None,
            others: Vec::new(),
            problems,
            event: PhantomData,
        }
    }

    fn patterns(mut self, patterns: impl IntoPatterns) -> Self {
        let patterns = self.problems.keep(patterns.into_patterns());
        self.patterns.extend(patterns.unwrap_or_default());
        self
    }

    /// How failures are followed by other attempts; default: the bus's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{RawEvent, RetryPolicy, Subscription};
    /// let subscription = Subscription::matching("audit", "*")
    ///     .retry(RetryPolicy::fixed(10, Duration::from_secs(5)))
    ///     .handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.wishes.retry = Some(policy);
        self
    }

    /// Time for one attempt, 1 ms to 24 h; then the handler is cancelled at its next await, and the attempt has
    /// failed. Default: the bus's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*")
    ///     .timeout(Duration::from_secs(5))
    ///     .handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wishes.timeout = Some(timeout);
        self
    }

    /// Where the subscription starts when it is registered for the first time, in any process: by default with what is
    /// published from then on. Later it goes on where it was, whatever is said here.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, RawEvent, Subscription, TekupEvent, transport::StartAt};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// bus.subscribe(Subscription::matching("slow", "*").concurrency(1).handler(async |_: RawEvent, cx| {
    ///     cx.stopping().await;
    /// }))
    /// .await?;
    /// let id = bus.publish(InvoicePaid {}.event("acme")).await?.id;
    ///
    /// let (late, mut seen) = tokio::sync::mpsc::unbounded_channel();
    /// let all = Subscription::matching("all", "*").start_at(StartAt::Beginning);
    /// bus.subscribe(all.handler_with(late, async |late, event: RawEvent, _| {
    ///     late.send(event.envelope().id)?;
    ///     Ok(())
    /// }))
    /// .await?;
    /// assert_eq!(seen.recv().await, Some(id));
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn start_at(mut self, start: StartAt) -> Self {
        self.wishes.start_at = start;
        self
    }

    /// How many deliveries are handed out in a time to all replicas together, retries included; default: as many as the
    /// handlers take. At most a tenth of the limit comes at once.
    ///
    /// It is stored with the subscription. A replica that is started with another limit than the last one, or with none
    /// where that had one, sets it for all; what [`EventBus::set_rate_limit`](crate::EventBus::set_rate_limit) has set
    /// holds until then. Where deploys are numbered ([`BusConfig::revision`](crate::BusConfig::revision)) an older one
    /// sets nothing, and of two of one number that differ the second is refused.
    ///
    /// ```
    /// use tekup_core::{RateLimit, RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*")
    ///     .rate_limit(RateLimit::per_second(100))
    ///     .handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.wishes.rate_limit = Some(limit);
        self
    }

    /// Handlers at once in this process, 1 to 10,000; 1 keeps the order of each lane. Default: the bus's.
    ///
    /// ```
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*").concurrency(1).handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.wishes.concurrency = Some(handlers);
        self
    }

    /// Most deliveries that are held unstarted in this process, 1 to 10,000; the actual number adapts to how long
    /// handlers take. Default: the bus's.
    ///
    /// ```
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*").prefetch(10).handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn prefetch(mut self, deliveries: usize) -> Self {
        self.wishes.prefetch = Some(deliveries);
        self
    }

    /// The subscription's share of its service's handlers, where the bus limits them
    /// ([`BusConfig::handlers`](crate::BusConfig::handlers)); default medium.
    ///
    /// ```
    /// use tekup_core::{Priority, RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*").priority(Priority::Low).handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn priority(mut self, share: Priority) -> Self {
        self.wishes.priority = Some(share);
        self
    }

    /// The tenants whose events are handled; others' are counted as filtered. Called again, it adds to them. Default:
    /// all.
    ///
    /// All replicas of a subscription must name the same tenants, for each finishes for all of them what it leaves out:
    /// to change them, give the subscription a new name, or stop the old replicas first.
    ///
    /// ```
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*").tenants(["acme"]).handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn tenants<T>(mut self, tenants: impl IntoIterator<Item = T>) -> Self
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        for tenant in tenants {
            let tenant = self.problems.keep(tenant.try_into().map_err(Error::from));
            self.tenants.extend(tenant);
        }
        self
    }

    /// Which events are handled by `handler`; the others are acknowledged and counted as filtered. Must be quick, for it
    /// runs before each event; if it panics, the attempt has failed.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// let subscription = Subscription::to::<InvoicePaid>("ledger")
    ///     .filter(|event| event.data.amount > 50.0)
    ///     .handler(async |_, _| ());
    /// # drop(subscription);
    /// ```
    pub fn filter(mut self, wants: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(wants));
        self
    }

    /// What is done with an event: an async closure, which returns `()`, an [`Outcome`](crate::Outcome), or a
    /// [`HandlerResult`](crate::HandlerResult) of either, so that `?` works.
    ///
    /// The closure is called again and again, so what it owns must be cloned into each call: give state to
    /// [`handler_with`](Subscription::handler_with).
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: String }
    /// let subscription = Subscription::to::<InvoicePaid>("ledger").handler(async |event, cx| {
    ///     let amount: f64 = event.data.amount.parse()?;
    ///     println!("attempt {}: {amount}", cx.attempt());
    ///     Ok(())
    /// });
    /// # drop(subscription);
    /// ```
    pub fn handler<F, Fut, R>(mut self, handler: F) -> Self
    where
        F: Fn(E, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        self.problems.check(self.handler.is_none(), || "subscription has two handlers: keep one, or use `on`".into());
        self.handler = Some(erase(handler));
        self
    }

    /// A handler with state, which is cloned for each call: a pool, a client, an `Arc` of anything.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::sync::Arc;
    /// use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// struct Ledger;
    ///
    /// let subscription = Subscription::to::<InvoicePaid>("ledger")
    ///     .handler_with(Arc::new(Ledger), async |ledger, event, _| drop((ledger, event.data.amount)));
    /// # drop(subscription);
    /// ```
    pub fn handler_with<S, F, Fut, R>(self, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: Fn(S, E, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        self.handler(move |event, cx| handler(state.clone(), event, cx))
    }

    /// A function with any `Result<T, E>` of its own, where `E` is any error.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Context, Event, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// async fn book(event: Event<InvoicePaid>, _: Context) -> anyhow::Result<()> {
    ///     anyhow::ensure!(event.data.amount >= 0.0, "a negative invoice");
    ///     Ok(())
    /// }
    ///
    /// let subscription = Subscription::to::<InvoicePaid>("ledger").handler_fn(book);
    /// # drop(subscription);
    /// ```
    pub fn handler_fn<F, Fut, R, X>(self, handler: F) -> Self
    where
        F: Fn(E, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, X>> + Send + 'static,
        R: Send + 'static,
        X: Into<BoxError> + 'static,
    {
        self.handler(move |event, cx| {
            let running = handler(event, cx);
            async move { running.await.map(drop).map_err(HandlerError::from) }
        })
    }

    /// A value that implements [`Handler`].
    ///
    /// ```
    /// use tekup_core::{Context, Handler, HandlerResult, RawEvent, Subscription};
    ///
    /// struct Audit;
    ///
    /// impl Handler<RawEvent> for Audit {
    ///     async fn handle(&self, event: RawEvent, _: Context) -> HandlerResult {
    ///         println!("{}", event.envelope().id);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let subscription = Subscription::matching("audit", "*").handled_by(Audit);
    /// # drop(subscription);
    /// ```
    pub fn handled_by(self, handler: impl Handler<E>) -> Self {
        let handler = Arc::new(handler);
        self.handler(move |event, cx| {
            let handler = Arc::clone(&handler);
            async move { handler.handle(event, cx).await }
        })
    }

    /// A further type of event with a handler of its own; the closure's argument must be annotated.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Event, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceVoided { reason: String }
    /// let subscription = Subscription::to::<InvoicePaid>("ledger")
    ///     .handler(async |event, _| println!("paid: {}", event.data.amount))
    ///     .on(async |event: Event<InvoiceVoided>, _| println!("voided: {}", event.data.reason));
    /// # drop(subscription);
    /// ```
    pub fn on<T, F, Fut, R>(mut self, handler: F) -> Self
    where
        T: TekupEvent,
        F: Fn(Event<T>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoOutcome,
    {
        let taken = self.others.iter().any(|route| route.event_type() == Some(T::TYPE)) || E::__TYPE == Some(T::TYPE);
        self.problems.check(!taken, || format!("subscription has two handlers for `{}`: keep one", T::TYPE));
        self.others.push(Box::new(Typed { handler: erase(handler), filter: None }));
        self.patterns(T::TYPE)
    }

    /// For a tenant's handle: this tenant and no other.
    pub(crate) fn only(mut self, tenant: &TenantId) -> Result<Self> {
        if let Some(other) = self.tenants.iter().find(|named| *named != tenant) {
            let message = format!(
                "subscription names tenant `{other}`, but this handle is tenant `{tenant}`'s: use the bus itself"
            );
            return Err(Error::new(ErrorKind::TenantMismatch, message));
        }
        self.tenants = vec![tenant.clone()];
        Ok(self)
    }

    /// What it would subscribe to, whether or not it has a handler.
    pub(crate) fn settings(&self, config: &BusConfig) -> Result<Settings> {
        let mut problems = Problems::default();
        problems.extend(&self.problems);
        let name = self.name.clone().or_else(|| SubscriptionName::new("invalid").ok());
        let Some(name) = name else { return Err(Error::new(ErrorKind::InvalidInput, "subscription has no name")) };
        let (patterns, tenants) = (self.patterns.clone(), self.tenants.clone());
        let settings = Settings::new(name, patterns, tenants, &self.wishes, config, &mut problems);
        problems.into_result(ErrorKind::InvalidInput)?;
        Ok(settings)
    }

    pub(crate) fn build(mut self, config: &BusConfig, checks: Arc<Checks>) -> Result<(Settings, Router)> {
        let alone = self.batch.is_none() || (self.handler.is_none() && self.others.is_empty());
        self.problems.check(alone, || {
            "subscription has a batch handler and another one: a batch handler takes all of its events, so keep one"
                .into()
        });
        let handles = self.handler.is_some() || self.batch.is_some() || !self.others.is_empty();
        self.problems.check(handles, || "subscription has no handler: add one with `.handler(..)`".into());
        self.problems.check(self.patterns.len() <= 100, || {
            format!("subscription has {} patterns: use at most 100", self.patterns.len())
        });
        if self.handler.is_none() && self.batch.is_none() && handles && self.patterns.len() > self.others.len() {
            self.problems.push("subscription has a pattern without a handler: add one with `.handler(..)`");
        }
        self.problems.check(self.filter.is_none() || self.handler.is_some() || self.batch.is_some(), || {
            "subscription has a filter, which is for `.handler(..)` and `.batch_handler(..)`, but no such handler"
                .into()
        });
        // A subscription without a valid name can't come further than this; the stand-in is never seen.
        let name = self.name.or_else(|| SubscriptionName::new("invalid").ok());
        let Some(name) = name else { return Err(Error::new(ErrorKind::InvalidInput, "subscription has no name")) };
        let settings = Settings::new(name, self.patterns, self.tenants, &self.wishes, config, &mut self.problems);
        self.problems.into_result(ErrorKind::InvalidInput)?;
        if let Some(handler) = self.batch {
            let route = TypedBatch { handler, filter: self.filter };
            return Ok((settings, Router::of_batches(Box::new(route), checks)));
        }
        let mut routes = self.others;
        if let Some(handler) = self.handler {
            routes.push(Box::new(Typed { handler, filter: self.filter }));
        }
        Ok((settings, Router::new(routes, checks)))
    }
}

fn erase<E, F, Fut, R>(handler: F) -> Erased<E>
where
    F: Fn(E, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoOutcome,
{
    Arc::new(move |event, cx| {
        let running = handler(event, cx);
        Box::pin(async move { running.await.into_outcome() })
    })
}

impl<E> std::fmt::Debug for Subscription<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("name", &self.name)
            .field("patterns", &self.patterns)
            .field("tenants", &self.tenants)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}
