use std::{collections::HashMap, sync::Arc};

use tokio::time::Instant;

use super::super::{Context, Incoming, Origin};
use crate::{
    bus::EventBus,
    envelope::Envelope,
    ids::{EventId, SubscriptionId, TenantId},
    spans::TraceContext,
    timestamp::Timestamp,
};

/// What a batch handler is told of the call, and its way to the [`Context`] of each event.
///
/// The events of a batch may be of several tenants, and each has its own attempts. So a batch publishes nothing by
/// itself: [`for_event`](BatchContext::for_event) does, for the event that is the cause.
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
/// bus.subscribe(Subscription::to::<LeadCreated>("scoring").batch_handler(100, async |leads, cx| {
///     for lead in leads {
///         cx.for_event(&lead).publish(LeadScored { score: lead.data.score + 1.0 }).await?;
///     }
///     Ok(())
/// })).await?;
/// # bus.shutdown().await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BatchContext {
    bus: EventBus,
    origin: Arc<Origin>,
    retried: Arc<Attempts>,
    deadline: Instant,
    trace: Option<Arc<TraceContext>>,
}

/// Which attempt it is for events that have failed before, and since when: the others are in their first.
pub(crate) type Attempts = HashMap<(TenantId, EventId), (u32, Option<Timestamp>)>;

impl BatchContext {
    pub(crate) fn new(
        bus: EventBus,
        origin: Arc<Origin>,
        retried: Attempts,
        deadline: Instant,
        trace: Option<Arc<TraceContext>>,
    ) -> Self {
        Self { bus, origin, retried: Arc::new(retried), deadline, trace }
    }

    /// The context of one event of the batch: its attempt, and its way to publish what follows from it, with its tenant
    /// and correlation.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{BatchContext, Event, Outcome, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// async fn handle(leads: Vec<Event<LeadCreated>>, cx: BatchContext) {
    ///     for lead in &leads {
    ///         println!("attempt {} of a lead of {}", cx.for_event(lead).attempt(), cx.for_event(lead).tenant());
    ///     }
    /// }
    /// # drop(handle);
    /// ```
    #[must_use]
    pub fn for_event<E: Incoming>(&self, event: &E) -> Context {
        let envelope = event.__envelope();
        let (bus, origin, trace) = (self.bus.clone(), Arc::clone(&self.origin), self.trace.clone());
        Context::new(bus, envelope.clone(), origin, self.attempt_of(envelope), self.deadline, trace)
    }

    fn attempt_of(&self, envelope: &Envelope) -> (u32, Option<Timestamp>) {
        // Mostly nothing was retried, and then no key is made.
        let retried = (!self.retried.is_empty()).then(|| (envelope.tenant.clone(), envelope.id));
        retried.and_then(|key| self.retried.get(&key)).copied().unwrap_or((1, None))
    }

    /// The subscription for which the events are handled.
    ///
    /// ```
    /// # use tekup_core::BatchContext;
    /// fn name(cx: &BatchContext) -> &str {
    ///     cx.subscription().name().as_str()
    /// }
    /// # drop(name as fn(&BatchContext) -> &str);
    /// ```
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        &self.origin.subscription
    }

    /// How many attempts the subscription's retry policy allows each event.
    ///
    /// ```
    /// # use tekup_core::BatchContext;
    /// fn are_retried(cx: &BatchContext) -> bool {
    ///     cx.attempts_allowed() > 1
    /// }
    /// # drop(are_retried as fn(&BatchContext) -> bool);
    /// ```
    #[must_use]
    pub fn attempts_allowed(&self) -> u32 {
        self.origin.attempts_allowed
    }

    /// When the time of the call runs out: the handler is then cancelled at its next await, and the attempt of every
    /// event has failed.
    ///
    /// ```
    /// # use tekup_core::BatchContext;
    /// fn is_nearly_over(cx: &BatchContext) -> bool {
    ///     cx.deadline().saturating_duration_since(tokio::time::Instant::now()).as_secs() < 1
    /// }
    /// # drop(is_nearly_over as fn(&BatchContext) -> bool);
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
    /// # use tekup_core::BatchContext;
    /// async fn handle(_: Vec<tekup_core::RawEvent>, cx: BatchContext) {
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
}
