use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tekup_core::{
    BatchContext, BatchOutcome, BusConfig, Draft, Error, ErrorKind, Event, EventBus, IntoBatchOutcome, RawEvent,
    Result, Subscription, TekupEvent, memory::MemoryTransport,
};

use super::{
    records::Records,
    run_handler::{key_of, never_said},
};
use crate::watched::Watched;

/// What came of one call of a batch handler.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{BatchOutcome, Outcome, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let leads = vec![LeadCreated { score: 40.0 }.event("acme")];
/// let run = tekup_testkit::run_batch_handler(leads, async |_, _| ()).await?;
/// assert!(matches!(run.outcome, BatchOutcome::All(Outcome::Done)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BatchRun {
    /// What the handler said: for all, or for each in the order in which the events were given.
    pub outcome: BatchOutcome,
    published: Vec<RawEvent>,
}

impl BatchRun {
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
    /// let leads = vec![LeadCreated { score: 40.0 }.event("acme")];
    /// let run = tekup_testkit::run_batch_handler(leads, async |leads, cx| {
    ///     for lead in &leads {
    ///         cx.for_event(lead).publish(LeadScored { score: lead.data.score * 2.0 }).await?;
    ///     }
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
    /// let leads = vec![LeadCreated { score: 40.0 }.event("acme")];
    /// let run = tekup_testkit::run_batch_handler(leads, async |_, _| ()).await?;
    /// assert_eq!(run.published_raw().len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn published_raw(&self) -> &[RawEvent] {
        &self.published
    }
}

/// Calls a batch handler once with 1 to 1,000 events, as a bus would: as [`run_handler`](crate::run_handler) does with
/// one.
///
/// # Errors
/// What is wrong with the events; [`ErrorKind::InvalidInput`] if there are none, or too many; else as `run_handler`.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{BatchOutcome, Outcome, TekupEvent};
/// use tekup_testkit::run_batch_handler;
///
/// #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct InvoicePaid {
///     amount: f64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let invoices = [9.5, -1.0].map(|amount| InvoicePaid { amount }.event("acme"));
/// let run = run_batch_handler(invoices, async |invoices, _| {
///     let check = |amount| if amount < 0.0 { Outcome::dead_letter("negative") } else { Outcome::Done };
///     invoices.iter().map(|invoice| check(invoice.data.amount)).collect::<Vec<_>>()
/// })
/// .await?;
/// let BatchOutcome::Each(outcomes) = run.outcome else { panic!("the handler said one for all") };
/// assert!(matches!(outcomes[..], [Outcome::Done, Outcome::Failed(_)]));
/// # Ok(())
/// # }
/// ```
pub async fn run_batch_handler<T, F, Fut, R>(events: impl IntoIterator<Item = Draft<T>>, handler: F) -> Result<BatchRun>
where
    T: TekupEvent,
    F: Fn(Vec<Event<T>>, BatchContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoBatchOutcome,
{
    let events = events.into_iter().map(Draft::build).collect::<Result<Vec<_>>>()?;
    let given: Vec<_> = events.iter().map(|event| key_of(&event.envelope)).collect();
    let Some(first) = given.first() else {
        let message = "a batch handler was to be called without events: give at least one";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    };
    let (records, said) = (Arc::<Records>::default(), Said::default());
    let bus = bus(&records)?;
    let (meant, hear) = (given.clone(), Arc::clone(&said));
    let subscription = Subscription::to::<T>("run").wait(COMPANY);
    let subscription = subscription.batch_handler(given.len(), move |mut events, cx| {
        // The handler may publish its own type; only the given events are its business.
        events.retain(|event| meant.contains(&key_of(&event.envelope)));
        let running = (!events.is_empty()).then(|| handler(events, cx));
        let said = Arc::clone(&hear);
        async move {
            let Some(running) = running else { return };
            let outcome = running.await.into_batch_outcome();
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    });
    bus.subscribe(subscription).await?;
    for receipt in bus.publish_batch(events).await? {
        receipt?;
    }
    for event in &given {
        records.ended_once(event).await;
    }
    bus.shutdown().await?;
    let outcome = said.lock().unwrap_or_else(PoisonError::into_inner).take();
    let published = records.events().into_iter().filter(|event| !given.contains(&key_of(event.envelope()))).collect();
    outcome.map(|outcome| BatchRun { outcome, published }).ok_or_else(|| never_said(&records, first))
}

/// Long enough for all events to be read together; they come at once, so it is never waited for.
const COMPANY: Duration = Duration::from_secs(1);

type Said = Arc<Mutex<Option<BatchOutcome>>>;

fn bus(records: &Arc<Records>) -> Result<EventBus> {
    let mut config = BusConfig::new("handler");
    (config.retry_attempts, config.concurrency) = (1, 1);
    EventBus::new(config, Watched { transport: Arc::new(MemoryTransport::new()), watcher: Arc::clone(records) })
}
