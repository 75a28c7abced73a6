use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    bus::EventBus,
    envelope::Envelope,
    error::Result,
    event::{Draft, IntoDraft, TekupEvent},
    ids::{EventId, SubscriptionId, TenantId},
    spans::TraceContext,
    timestamp::Timestamp,
    transport::Receipt,
};

/// What a handler is told of the attempt, and its way to publish what follows from the event.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadScored { score: f64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |event, cx| {
///     println!("attempt {} of {}", cx.attempt(), cx.attempts_allowed());
///     cx.publish(LeadScored { score: event.data.score + 1.0 }).await?;
///     Ok(())
/// })).await?;
/// # bus.shutdown().await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    bus: EventBus,
    event: Arc<Envelope>,
    origin: Arc<Origin>,
    attempt: u32,
    first_failure: Option<Timestamp>,
    deadline: Instant,
    trace: Option<Arc<TraceContext>>,
}

/// What all attempts of one subscription share.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) subscription: SubscriptionId,
    pub(crate) attempts_allowed: u32,
    pub(crate) stopping: CancellationToken,
}

impl Context {
    pub(crate) fn new(
        bus: EventBus,
        event: Envelope,
        origin: Arc<Origin>,
        (attempt, first_failure): (u32, Option<Timestamp>),
        deadline: Instant,
        trace: Option<Arc<TraceContext>>,
    ) -> Self {
        Self { bus, event: Arc::new(event), origin, attempt, first_failure, deadline, trace }
    }

    /// Which attempt this is: 1 for the first.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// async fn handle(event: tekup_core::RawEvent, cx: Context) {
    ///     if cx.attempt() == cx.attempts_allowed() {
    ///         println!("last attempt for {}", event.envelope().id);
    ///     }
    /// }
    /// # drop(handle);
    /// ```
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How many attempts the subscription's retry policy allows.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// fn left(cx: &Context) -> u32 {
    ///     cx.attempts_allowed() - cx.attempt()
    /// }
    /// # drop(left as fn(&Context) -> u32);
    /// ```
    #[must_use]
    pub fn attempts_allowed(&self) -> u32 {
        self.origin.attempts_allowed
    }

    /// When the first attempt failed; `None` in the first attempt.
    ///
    /// ```
    /// # use tekup_core::{Context, Timestamp};
    /// fn age(cx: &Context) -> Option<std::time::Duration> {
    ///     cx.first_failure().map(|first| Timestamp::now().since(first))
    /// }
    /// # drop(age as fn(&Context) -> Option<std::time::Duration>);
    /// ```
    #[must_use]
    pub fn first_failure(&self) -> Option<Timestamp> {
        self.first_failure
    }

    /// The subscription for which the event is handled.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// fn name(cx: &Context) -> &str {
    ///     cx.subscription().name().as_str()
    /// }
    /// # drop(name as fn(&Context) -> &str);
    /// ```
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        &self.origin.subscription
    }

    /// When the handler's time runs out: it is then cancelled at its next await, and the attempt has failed.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// fn is_nearly_over(cx: &Context) -> bool {
    ///     cx.deadline().saturating_duration_since(tokio::time::Instant::now()).as_secs() < 1
    /// }
    /// # drop(is_nearly_over as fn(&Context) -> bool);
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits until the subscription begins to stop: a long handler then has the grace period left to finish.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// async fn handle(_: tekup_core::RawEvent, cx: Context) {
    ///     tokio::select! {
    ///         () = cx.stopping() => println!("finishing early"),
    ///         () = std::future::ready(()) => println!("done"),
    ///     }
    /// }
    /// # drop(handle);
    /// ```
    pub async fn stopping(&self) {
        self.origin.stopping.cancelled().await;
    }

    /// The event's id.
    ///
    /// ```
    /// # use tekup_core::{Context, EventId};
    /// fn idempotency_key(cx: &Context) -> EventId {
    ///     cx.event_id()
    /// }
    /// # drop(idempotency_key as fn(&Context) -> EventId);
    /// ```
    #[must_use]
    pub fn event_id(&self) -> EventId {
        self.event.id
    }

    /// The event's tenant.
    ///
    /// ```
    /// # use tekup_core::{Context, TenantId};
    /// fn database(cx: &Context) -> String {
    ///     format!("db_{}", cx.tenant())
    /// }
    /// # drop(database as fn(&Context) -> String);
    /// ```
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.event.tenant
    }

    /// The id of the chain of causes that the event belongs to.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// fn header(cx: &Context) -> (&'static str, String) {
    ///     ("x-correlation-id", cx.correlation_id())
    /// }
    /// # drop(header as fn(&Context) -> (&'static str, String));
    /// ```
    #[must_use]
    pub fn correlation_id(&self) -> String {
        self.event.correlation_id()
    }

    /// The event that caused this one, if its publisher said so.
    ///
    /// ```
    /// # use tekup_core::Context;
    /// fn is_first_of_its_chain(cx: &Context) -> bool {
    ///     cx.cause().is_none()
    /// }
    /// # drop(is_first_of_its_chain as fn(&Context) -> bool);
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<EventId> {
        self.event.cause()
    }

    /// A draft that keeps the event's tenant, user and correlation, and names the event as its cause.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Context, HandlerResult, Priority, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored { score: f64 }
    /// async fn handle(_: tekup_core::RawEvent, cx: Context) -> HandlerResult {
    ///     cx.publish(cx.event(LeadScored { score: 90.0 }).priority(Priority::High)).await?;
    ///     Ok(())
    /// }
    /// # drop(handle);
    /// ```
    pub fn event<T: TekupEvent>(&self, data: T) -> Draft<T> {
        self.event.tenant_context().event(data).caused_by(&self.event)
    }

    /// Publishes what follows from the event: data, which is sent as [`Context::event`] makes it, or a draft of the
    /// same tenant, whose cause and correlation are filled in where it has none.
    ///
    /// # Errors
    /// As [`EventBus::publish`]; [`ErrorKind::TenantMismatch`](crate::ErrorKind::TenantMismatch) for another tenant's
    /// draft: publish that knowingly, with the bus.
    ///
    /// # Cancel safety
    /// If dropped, the event may or may not be stored.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Context, HandlerResult, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored { score: f64 }
    /// async fn handle(_: tekup_core::RawEvent, cx: Context) -> HandlerResult {
    ///     cx.publish(LeadScored { score: 90.0 }).await?;
    ///     Ok(())
    /// }
    /// # drop(handle);
    /// ```
    pub async fn publish(&self, event: impl IntoDraft) -> Result<Receipt> {
        let mut draft = event.into_draft(self.tenant()).inherit(&self.event);
        draft.expect_tenant(self.tenant())?;
        if let Some(user) = &self.event.user {
            draft = draft.user_if_absent(user);
        }
        self.bus.publish_in(draft, self.trace.as_deref()).await
    }
}
