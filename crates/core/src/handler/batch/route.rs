use std::{panic, sync::Arc};

use super::{
    super::{
        Ended, Filter, Incoming, Outcome,
        route::{BoxFuture, read},
    },
    BatchContext, BatchOutcome,
};
use crate::{
    checks::Checks,
    ids::EventType,
    spans::{Spans, TraceContext},
    timestamp::Timestamp,
    transport::Delivery,
};

/// A handler of many events of one kind, its own type erased.
pub(crate) type ErasedBatch<E> = Arc<dyn Fn(Vec<E>, BatchContext) -> BoxFuture<'static, BatchOutcome> + Send + Sync>;

/// A call of the handler with all that is for it, to be made.
pub(crate) type Call = Box<dyn FnOnce(BatchContext) -> BoxFuture<'static, BatchOutcome> + Send>;

/// A batch without what is not for its handler.
pub(crate) struct Sifted {
    /// What the handler is called with, in its order.
    pub(crate) given: Vec<Delivery>,
    /// The type of each of them, and when it was published.
    pub(crate) subjects: Vec<(EventType, Timestamp)>,
    /// The traces in which they were created, where somebody follows these.
    pub(crate) contexts: Vec<TraceContext>,
    /// How the others ended.
    pub(crate) ended: Vec<(Delivery, Ended)>,
    pub(crate) call: Call,
}

/// The handler of a subscription that takes batches.
pub(crate) trait BatchRoute: Send + Sync {
    /// Reads each delivery by itself, so that one which can't be read, or is not wanted, harms no other.
    fn sift(&self, batch: Vec<Delivery>, checks: &Checks, spans: &Spans) -> Sifted;
}

pub(crate) struct TypedBatch<E> {
    pub(crate) handler: ErasedBatch<E>,
    pub(crate) filter: Option<Filter<E>>,
}

impl<E: Incoming> TypedBatch<E> {
    fn read(&self, delivery: &Delivery, checks: &Checks) -> Result<E, Ended> {
        let event = read::<E>(delivery, checks).map_err(|error| Ended::unreadable(&error))?;
        let wanted = self.filter.as_ref().is_none_or(|wants| wants(&event));
        if wanted { Ok(event) } else { Err(Ended::filtered(event.__envelope())) }
    }

    /// A panic, of decoding or of the filter, is this event's alone.
    fn read_safely(&self, delivery: &Delivery, checks: &Checks) -> Result<E, Ended> {
        let read = panic::catch_unwind(panic::AssertUnwindSafe(|| self.read(delivery, checks)));
        read.unwrap_or_else(|panic| Err(Ended::Said(Outcome::panicked(&*panic))))
    }
}

impl<E: Incoming> BatchRoute for TypedBatch<E> {
    fn sift(&self, batch: Vec<Delivery>, checks: &Checks, spans: &Spans) -> Sifted {
        let (mut events, mut given) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        let (mut subjects, mut contexts, mut ended) = (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
        for delivery in batch {
            match self.read_safely(&delivery, checks) {
                Ok(event) => {
                    let envelope = event.__envelope();
                    subjects.push((envelope.event_type.clone(), envelope.timestamp));
                    contexts.extend(spans.carried_by(envelope));
                    events.push(event);
                    given.push(delivery);
                }
                Err(how) => ended.push((delivery, how)),
            }
        }
        let handler = Arc::clone(&self.handler);
        Sifted { given, subjects, contexts, ended, call: Box::new(move |cx| handler(events, cx)) }
    }
}
