//! Publishers that come at once share a call.
//!
//! Who finds nothing under way sends the event alone, at once. Who comes meanwhile leaves it here, and a task sends what
//! has gathered: again at once, for a few calls may be under way. So nobody waits for a timer, and the more there are,
//! the larger the calls become.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::{Notify, oneshot};

use super::{
    core::Core,
    room::{Room, Space},
    sending,
};
use crate::{
    config::BusConfig,
    error::{Error, ErrorKind, Result},
    sync::lock,
    transport::{Outgoing, Receipt},
};

/// Calls that are under way at once, at most: while one is answered, the server has the next. Each is for every other
/// partition, since the fewer partitions a call reaches, the less it costs the store.
pub(super) const CALLS: usize = 2;
/// The most that leaves in one call.
const MOST_EVENTS: usize = 500;
const MOST_BYTES: usize = 1 << 20;

/// Events on their way to the store, one by one.
pub(super) struct Gathering {
    pub(super) room: Room,
    state: Mutex<State>,
    /// Something waits to be sent.
    pub(super) added: Notify,
    /// The task that sends has ended.
    ended: Notify,
}

#[derive(Default)]
struct State {
    /// Whether a publisher sends its event alone.
    alone: bool,
    /// Whether a task sends what waits.
    sending: bool,
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

/// The right to send alone, given back when dropped.
struct Alone<'a>(&'a Gathering);

impl Gathering {
    pub(super) fn new(config: &BusConfig) -> Self {
        Self { room: Room::new(config), state: Mutex::default(), added: Notify::new(), ended: Notify::new() }
    }

    fn alone(&self) -> Option<Alone<'_>> {
        let mut state = lock(&self.state);
        if state.alone || state.sending {
            return None;
        }
        state.alone = true;
        Some(Alone(self))
    }

    /// Answers whether a task must be started that sends.
    fn add(&self, partition: usize, waiting: Waiting) -> bool {
        let mut state = lock(&self.state);
        state.added += 1;
        let number = state.added;
        state.queues[partition % CALLS].waiting.push_back((number, waiting));
        let is_first = !std::mem::replace(&mut state.sending, true);
        drop(state);
        self.added.notify_one();
        is_first
    }

    /// What leaves in the next call, if there is any that need not wait for an answer.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut state = lock(&self.state);
        let queue = state.next()?;
        let share = state.share(queue).min(MOST_EVENTS);
        let Queue { waiting, sent } = &mut state.queues[queue];
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

    pub(super) fn answered(&self, queue: usize, count: usize) {
        lock(&self.state).queues[queue].sent -= count;
    }

    /// Whether nothing waits, so that the task that sends has ended with this call.
    pub(super) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        state.sending = state.queues.iter().any(|queue| !queue.waiting.is_empty());
        let has_ended = !state.sending;
        drop(state);
        if has_ended {
            self.ended.notify_waiters();
        }
        has_ended
    }

    /// The task that sends is gone before its time, with what it had sent: nobody must wait for it.
    pub(super) fn abandon(&self) {
        let mut state = lock(&self.state);
        state.sending = false;
        let lost = std::mem::take(&mut state.queues);
        drop(state);
        drop(lost);
        self.ended.notify_waiters();
    }

    /// Waits until everything that was left here is answered.
    pub(super) async fn flushed(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if !lock(&self.state).sending {
                return;
            }
            ended.await;
        }
    }
}

impl State {
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

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).alone = false;
    }
}

impl Core {
    /// Stores one event, in a call that it shares with others that come at once.
    ///
    /// # Cancel safety
    /// If dropped, it is unknown whether the event is stored; those that share its call are sent all the same.
    pub(super) async fn publish(core: &Arc<Self>, event: Outgoing) -> Result<Receipt> {
        if let Some(_alone) = core.gathering.alone() {
            let answers = Self::store(core, vec![event]).await?;
            return answers.into_iter().next().unwrap_or_else(|| Err(Self::unanswered()));
        }
        let space = core.gathering.room.take(event.bytes.len()).await?;
        let (answer, coming) = oneshot::channel();
        let partition = core.transport.partition_of(&event.tenant);
        if core.gathering.add(partition, Waiting { event, answer, space }) {
            tokio::spawn(sending::run(Arc::clone(core)));
        }
        coming.await.unwrap_or_else(|_| Err(broken_off()))
    }
}

fn broken_off() -> Error {
    let message = "the runtime that sent the event has ended, so it is unknown whether it is stored: publish again with \
                   the same id, which is stored once";
    Error::new(ErrorKind::Unavailable, message)
}
