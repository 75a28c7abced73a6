use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tekup_core::{
    BusConfig, Context, Draft, Envelope, Error, ErrorKind, Event, EventBus, EventId, IntoOutcome, Outcome, RawEvent,
    Result, Subscription, TekupEvent, TenantId, memory::MemoryTransport, transport::DeadReason,
};

use super::records::Records;
use crate::watched::Watched;

/// What came of one call of a handler.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::{Outcome, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let run = tekup_testkit::run_handler(LeadCreated { score: 40.0 }.event("acme"), async |_, _| ()).await?;
/// assert!(matches!(run.outcome, Outcome::Done));
/// assert!(run.published_raw().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HandlerRun {
    /// What the handler said.
    pub outcome: Outcome,
    published: Vec<RawEvent>,
}

impl HandlerRun {
    /// What the handler said went wrong, its causes included; `None` if it finished with the event.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::{Outcome, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let lead = LeadCreated { score: 40.0 }.event("acme");
    /// let run = tekup_testkit::run_handler(lead, async |_, _| Outcome::retry("busy")).await?;
    /// assert_eq!(run.error().as_deref(), Some("busy"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Failed(error) => Some(error.to_string()),
            _ => None,
        }
    }

    /// What the handler published of a type, in its order.
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`] if one can't be read as the type.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let run = tekup_testkit::run_handler(LeadCreated { score: 40.0 }.event("acme"), async |event, cx| {
    ///     cx.publish(LeadScored { score: event.data.score * 2.0 }).await?;
    ///     Ok(())
    /// })
    /// .await?;
    /// assert_eq!(run.published::<LeadScored>()?[0].data.score, 80.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn published<T: TekupEvent>(&self) -> Result<Vec<Event<T>>> {
        self.published.iter().filter(|event| event.is::<T>()).map(RawEvent::decode).collect()
    }

    /// Everything that the handler published, in its order.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let run = tekup_testkit::run_handler(LeadCreated { score: 40.0 }.event("acme"), async |_, _| ()).await?;
    /// assert_eq!(run.published_raw().len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn published_raw(&self) -> &[RawEvent] {
        &self.published
    }
}

/// Calls a handler once with one event, as a bus would, without the test having one: the event is written as JSON and
/// read again first, so that what does not survive the wire fails here. What the handler publishes is recorded and goes
/// to nobody, also if it is of the handler's own type.
///
/// # Errors
/// What is wrong with the event; [`ErrorKind::Undecodable`] if it can't be read again; [`ErrorKind::Internal`] if the
/// handler panics or runs out of time.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Context, Event, HandlerResult, TekupEvent};
/// use tekup_testkit::run_handler;
///
/// #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct InvoicePaid {
///     amount: f64,
/// }
///
/// async fn book(event: Event<InvoicePaid>, _: Context) -> HandlerResult {
///     if event.data.amount < 0.0 { Err("a negative invoice".into()) } else { Ok(()) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let run = run_handler(InvoicePaid { amount: -1.0 }.event("acme"), book).await?;
/// assert_eq!(run.error().as_deref(), Some("a negative invoice"));
/// # Ok(())
/// # }
/// ```
pub async fn run_handler<T, F, Fut, R>(event: Draft<T>, handler: F) -> Result<HandlerRun>
where
    T: TekupEvent,
    F: Fn(Event<T>, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoOutcome,
{
    let event = event.build()?;
    let given = (event.envelope.tenant.clone(), event.envelope.id);
    let (records, said) = (Arc::<Records>::default(), Said::default());
    let mut config = BusConfig::new("handler");
    config.retry_attempts = 1;
    let bus =
        EventBus::new(config, Watched { transport: Arc::new(MemoryTransport::new()), watcher: Arc::clone(&records) })?;
    let (meant, hear) = (given.clone(), Arc::clone(&said));
    let subscription = Subscription::to::<T>("run").handler(move |event, cx| {
        // The handler may publish its own type; only the given event is its business.
        let running = (key_of(&event.envelope) == meant).then(|| handler(event, cx));
        let said = Arc::clone(&hear);
        async move {
            let Some(running) = running else { return };
            let outcome = running.await.into_outcome();
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    });
    bus.subscribe(subscription).await?;
    bus.publish(event).await?;
    records.ended_once(&given).await;
    bus.shutdown().await?;
    let outcome = said.lock().unwrap_or_else(PoisonError::into_inner).take();
    let published = records.events().into_iter().filter(|event| key_of(event.envelope()) != given).collect();
    outcome.map(|outcome| HandlerRun { outcome, published }).ok_or_else(|| never_said(&records, &given))
}

type Said = Arc<Mutex<Option<Outcome>>>;

/// An event's identity.
pub(super) type Key = (TenantId, EventId);

pub(super) fn key_of(envelope: &Envelope) -> Key {
    (envelope.tenant.clone(), envelope.id)
}

/// The bus gave the event up before the handler could say anything.
pub(super) fn never_said(records: &Records, given: &Key) -> Error {
    let dead = records.dead().into_iter().find(|(settled, _)| settled.is_of(given)).map(|(_, dead)| dead);
    let Some(dead) = dead else {
        return Error::new(ErrorKind::Internal, "the handler was not called, and the event was not given up");
    };
    let undecodable = dead.reason == DeadReason::Undecodable;
    let kind = if undecodable { ErrorKind::Undecodable } else { ErrorKind::Internal };
    Error::new(kind, dead.error)
}
