use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::room::Space;
use crate::{
    error::Result,
    transport::{Outgoing, Receipt},
};

/// Calls that are under way at once, at most: while one is answered, the server has the next. Each is for every other
/// partition, since the fewer partitions a call reaches, the less it costs the store.
pub(super) const CALLS: usize = 2;
/// The most that leaves in one call.
const MOST_EVENTS: usize = 500;
const MOST_BYTES: usize = 1 << 20;

/// Events that wait to be sent, and how many are.
#[derive(Default)]
pub(super) struct Queues {
    queues: [Queue; CALLS],
    /// How many were ever added.
    added: u64,
}

/// Events of every other partition.
#[derive(Default)]
struct Queue {
    /// Each with its number.
    waiting: VecDeque<(u64, Waiting)>,
    /// Events in calls that are not answered.
    sent: usize,
}

/// What leaves in one call.
pub(super) struct Batch {
    pub(super) queue: usize,
    pub(super) events: Vec<Waiting>,
}

/// An event that shares its call with others.
pub(super) struct Waiting {
    pub(super) event: Outgoing,
    pub(super) answer: oneshot::Sender<Result<Receipt>>,
    pub(super) space: Space,
}

impl Queues {
    pub(super) fn add(&mut self, partition: usize, waiting: Waiting) {
        self.added += 1;
        self.queues[partition % CALLS].waiting.push_back((self.added, waiting));
    }

    /// What leaves in the next call, if there is any that need not wait for an answer.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let queue = self.next()?;
        let share = self.share(queue).min(MOST_EVENTS);
        let Queue { waiting, sent } = &mut self.queues[queue];
        let mut bytes = 0;
        let fits = |(_, waiting): &&(u64, Waiting)| {
            bytes += waiting.event.bytes.len();
            bytes <= MOST_BYTES
        };
        // One that is larger than any call goes all the same.
        let count = waiting.iter().take(share).take_while(fits).count().max(1);
        *sent += count;
        Some(Batch { queue, events: waiting.drain(..count).map(|(_, waiting)| waiting).collect() })
    }

    pub(super) fn answered(&mut self, queue: usize, count: usize) {
        self.queues[queue].sent -= count;
    }

    pub(super) fn nothing_waits(&self) -> bool {
        self.queues.iter().all(|queue| queue.waiting.is_empty())
    }

    /// The queue that has waited longest, of those that no call is under way for.
    fn next(&self) -> Option<usize> {
        let first = |queue: &Queue| queue.waiting.front().map(|(number, _)| *number);
        let may_go = |queue: usize| self.queues[queue].sent == 0 || self.is_only(queue);
        let ready = (0..CALLS).filter(|queue| may_go(*queue));
        ready.filter_map(|queue| Some((first(&self.queues[queue])?, queue))).min().map(|(_, queue)| queue)
    }

    /// All that waits there; where nothing goes elsewhere, the fair share of one of several calls, so that they overlap.
    fn share(&self, queue: usize) -> usize {
        let Queue { waiting, sent } = &self.queues[queue];
        if self.is_only(queue) { (waiting.len() + sent).div_ceil(CALLS) } else { waiting.len() }
    }

    fn is_only(&self, queue: usize) -> bool {
        (0..CALLS).filter(|other| *other != queue).map(|other| &self.queues[other]).all(Queue::is_idle)
    }
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.sent == 0 && self.waiting.is_empty()
    }
}
