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

/// Calls that are under way at once, at most: while one is answered, the server has the next.
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
    waiting: VecDeque<Waiting>,
    /// Events in calls that are not answered.
    sent: usize,
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
    fn add(&self, waiting: Waiting) -> bool {
        let mut state = lock(&self.state);
        state.waiting.push_back(waiting);
        let is_first = !std::mem::replace(&mut state.sending, true);
        drop(state);
        self.added.notify_one();
        is_first
    }

    /// What leaves in the next call: the fair share of one of several calls, so that they overlap.
    pub(super) fn take(&self) -> Option<Vec<Waiting>> {
        let mut state = lock(&self.state);
        let share = (state.waiting.len() + state.sent).div_ceil(CALLS).min(MOST_EVENTS);
        let mut bytes = 0;
        let fits = |waiting: &&Waiting| {
            bytes += waiting.event.bytes.len();
            bytes <= MOST_BYTES
        };
        // One that is larger than any call goes all the same.
        let count = state.waiting.iter().take(share).take_while(fits).count().max(1);
        let count = count.min(state.waiting.len());
        state.sent += count;
        (count > 0).then(|| state.waiting.drain(..count).collect())
    }

    pub(super) fn answered(&self, count: usize) {
        lock(&self.state).sent -= count;
    }

    /// Whether nothing waits, so that the task that sends has ended with this call.
    pub(super) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        state.sending = !state.waiting.is_empty();
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
        (state.sending, state.sent) = (false, 0);
        let lost = std::mem::take(&mut state.waiting);
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
        if core.gathering.add(Waiting { event, answer, space }) {
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
