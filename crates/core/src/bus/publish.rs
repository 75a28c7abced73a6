//! Publishing, and what can be published.

use tracing::{Instrument, Span};

use super::{EventBus, core::Core};
use crate::{
    envelope::{Limits, Metadata},
    error::{Error, ErrorKind, Result},
    event::{Draft, Event, RawEvent, TekupEvent},
    spans::{Desk, Made, TraceContext},
    timestamp::Timestamp,
    transport::{Outgoing, Receipt},
};

impl EventBus {
    /// Stores an event: a draft, an [`Event`](crate::Event), a [`RawEvent`](crate::RawEvent) or an [`Outgoing`]. When this returns, every
    /// matching subscription that existed before will get it at least once, or it ends in that subscription's dead
    /// letters. A draft with a [delay](crate::Draft::delay) goes, when its time has come, to those that exist then.
    ///
    /// # Errors
    /// Every mistake of a draft at once ([`ErrorKind::InvalidInput`]); [`ErrorKind::TooLarge`] beyond the limits;
    /// [`ErrorKind::Unencodable`] for what JSON can't hold; [`ErrorKind::Invalid`] for data that breaks rules of its type, or,
    /// if it is untyped, its [schema](EventBus::use_schemas); [`ErrorKind::Backpressure`] if the store is full: nothing
    /// was stored; [`ErrorKind::Unavailable`] if it does not answer: publish again with the same id, which is stored
    /// once.
    ///
    /// # At once
    /// Publishers that wait at the same time share calls to the store, so that many tasks publish about as fast as one
    /// with batches; a single one waits for nobody. Each has a receipt or an error of its own. What a task publishes is
    /// stored in its order. Events on their way are bounded
    /// ([`BusConfig::publish_buffer_events`](crate::BusConfig::publish_buffer_events)): if there is no room within
    /// [`BusConfig::publish_wait`](crate::BusConfig::publish_wait), that is [`ErrorKind::Backpressure`] too.
    ///
    /// # Cancel safety
    /// If dropped, the event may or may not be stored; those that share its call are stored all the same.
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
        self.publish_in(event, None).await
    }

    /// Publishes as a part of what is known by its context, where no span is around the call.
    pub(crate) async fn publish_in(&self, event: impl Publish, parent: Option<&TraceContext>) -> Result<Receipt> {
        let desk = Desk::of_one(&self.0.checks, &self.0.spans, parent);
        let Made { outgoing, span, .. } = event.make(&desk)?;
        let sending = async {
            self.0.expect_open()?;
            Core::publish(&self.0, outgoing).await
        };
        let sent = sending.instrument(span.clone()).await;
        self.told(&span, sent)
    }

    fn told<T>(&self, span: &Span, sent: Result<T>) -> Result<T> {
        if let Err(error) = &sent {
            self.0.spans.failed(span, error.kind().code(), error);
        }
        sent
    }

    /// Stores many events in few round trips: one result for each, in their order. What is wrong with one does not stop
    /// the others. A batch of none stores nothing, and is no mistake. Events that belong together can say so: see
    /// [`EventBatch`](crate::EventBatch).
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] for more events than [`BusConfig::max_batch_events`](crate::BusConfig::max_batch_events); an error of the whole call means
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
        let desk = Desk::of_many(&self.0.checks, &self.0.spans);
        let made: Vec<_> = events.into_iter().map(|event| event.make(&desk)).collect();
        let most = self.0.checks.limits.batch_events;
        if made.len() > most {
            let message = format!("batch has {} events, {most} are allowed: publish it in parts", made.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let (mut good, mut contexts) = (Vec::with_capacity(made.len()), Vec::new());
        let mut keep = |made: Made| {
            good.push(made.outgoing);
            contexts.extend(made.context);
        };
        let made: Vec<Result<()>> = made.into_iter().map(|made| made.map(&mut keep)).collect();
        let mut answers = self.send(good, &contexts).await?.into_iter();
        let mut next = || answers.next().unwrap_or_else(|| Err(Core::unanswered()));
        Ok(made.into_iter().map(|made| made.and_then(|()| next())).collect())
    }

    async fn send(&self, batch: Vec<Outgoing>, contexts: &[TraceContext]) -> Result<Vec<Result<Receipt>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.0.expect_open()?;
        let span = self.0.spans.send_all(&batch, contexts);
        let sent = Core::store(&self.0, batch).instrument(span.clone()).await;
        if let Ok(answers) = &sent {
            self.0.spans.refused(&span, answers);
        }
        self.told(&span, sent)
    }
}

/// What can be published: a [`Draft`], an [`Event`], a [`RawEvent`] (with medium priority) or an [`Outgoing`].
///
/// Sealed: other crates make one of these.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, Publish, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// async fn publish_all(bus: &EventBus, events: Vec<impl Publish>) -> tekup_core::Result<()> {
///     for result in bus.publish_batch(events).await? {
///         result?;
///     }
///     Ok(())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// # let bus = EventBus::in_memory("crm")?;
/// publish_all(&bus, vec![LeadCreated { score: 75.0 }.event("acme")]).await
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be published",
    label = "no event",
    note = "make a draft of it: `data.event(\"tenant\")`"
)]
pub trait Publish: Sealed + Send {
    #[doc(hidden)]
    fn make(self, desk: &Desk<'_>) -> Result<Made>;
}

/// Keeps the trait to this crate.
pub trait Sealed {}

impl<T: TekupEvent> Sealed for Draft<T> {}
impl<T: TekupEvent> Sealed for Event<T> {}
impl<T: TekupEvent> Sealed for &Event<T> {}
impl Sealed for RawEvent {}
impl Sealed for &RawEvent {}
impl Sealed for Outgoing {}

impl<T: TekupEvent> Publish for Draft<T> {
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        let (event, priority, due) = self.into_parts()?;
        let mut made = event.make(desk)?;
        (made.outgoing.priority, made.outgoing.due) = (priority, due);
        Ok(made)
    }
}

impl<T: TekupEvent> Publish for Event<T> {
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        (&self).make(desk)
    }
}

impl<T: TekupEvent> Publish for &Event<T> {
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        desk.make(&self.envelope, |context| {
            let traced = self.envelope.traced(context)?;
            within(&desk.checks.limits, Outgoing::written(self, &traced)?, &traced.metadata)
        })
    }
}

impl Publish for RawEvent {
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        (&self).make(desk)
    }
}

impl Publish for &RawEvent {
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        desk.make(self.envelope(), |context| {
            let event = self.traced(context, &desk.checks.limits)?;
            let mut outgoing = within(&desk.checks.limits, Outgoing::raw(&event), &event.envelope().metadata)?;
            desk.checks.untyped(&event)?;
            desk.checks.note_audit(&mut outgoing, &event);
            Ok(outgoing)
        })
    }
}

impl Publish for Outgoing {
    /// The bytes may be anything, but not of any size; what can be read as an event is held to its schema.
    fn make(self, desk: &Desk<'_>) -> Result<Made> {
        desk.keep(self, |outgoing| {
            outgoing.due.map_or(Ok(()), |due| due.check(Timestamp::now()))?;
            desk.checks.limits.check_size(outgoing.bytes.len())?;
            desk.checks.if_readable(outgoing)
        })
    }
}

fn within(limits: &Limits, outgoing: Outgoing, metadata: &Metadata) -> Result<Outgoing> {
    limits.check(&outgoing.bytes)?;
    limits.check_metadata(metadata.0.size())?;
    Ok(outgoing)
}
