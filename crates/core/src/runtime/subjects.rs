//! What each handler works on, as its envelope says.

use std::{sync::Mutex, time::Duration};

use crate::{envelope::Envelope, ids::EventType, metrics::Timed, sync::lock, timestamp::Timestamp};

/// An envelope is read only where an event is decoded, and given away to the handler: what is counted afterwards is kept
/// here meanwhile, by seat.
pub(super) struct Subjects(Vec<Mutex<Option<(EventType, Timestamp)>>>);

impl Subjects {
    pub(super) fn new(seats: usize) -> Self {
        Self((0..seats).map(|_| Mutex::default()).collect())
    }

    pub(super) fn note(&self, seat: usize, envelope: &Envelope) {
        if let Some(seat) = self.0.get(seat) {
            *lock(seat) = Some((envelope.event_type.clone(), envelope.timestamp));
        }
    }

    /// What the seat has worked on, which took so long.
    pub(super) fn timed(&self, seat: usize, handling: Duration) -> Option<Timed> {
        let (event_type, published) = lock(self.0.get(seat)?).take()?;
        Some(Timed { event_type, published, handling })
    }
}
