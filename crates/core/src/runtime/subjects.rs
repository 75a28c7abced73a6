//! What each handler works on, as its envelope says.

use std::{sync::Mutex, time::Duration};

use tracing::Span;

use crate::{envelope::Envelope, ids::EventType, metrics::Timed, sync::lock, timestamp::Timestamp};

/// An envelope is read only where an event is decoded, and given away to the handler: what is counted and logged afterwards
/// is kept here meanwhile, by seat.
pub(super) struct Subjects(Vec<Mutex<Option<Subject>>>);

/// What a seat works on.
pub(super) struct Subject {
    event_type: EventType,
    published: Timestamp,
    /// Of the attempt.
    pub(super) span: Span,
}

impl Subjects {
    pub(super) fn new(seats: usize) -> Self {
        Self((0..seats).map(|_| Mutex::default()).collect())
    }

    pub(super) fn note(&self, seat: usize, envelope: &Envelope, span: &Span) {
        if let Some(seat) = self.0.get(seat) {
            let (event_type, published) = (envelope.event_type.clone(), envelope.timestamp);
            *lock(seat) = Some(Subject { event_type, published, span: span.clone() });
        }
    }

    /// What the seat has worked on; `None` if no handler was given it.
    pub(super) fn take(&self, seat: usize) -> Option<Subject> {
        lock(self.0.get(seat)?).take()
    }
}

impl Subject {
    pub(super) fn timed(self, handling: Duration) -> Timed {
        Timed { event_type: self.event_type, published: self.published, handling }
    }
}
