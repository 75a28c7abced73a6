//! Publishers that come at once share a call.
//!
//! Who finds nothing under way sends the event alone, at once. Who comes meanwhile leaves it here, and a task sends what
//! has gathered: again at once, for a few calls may be under way. So nobody waits for a timer, and the more there are,
//! the larger the calls become.

use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, oneshot};

use super::{
    core::Core,
    queues::{Batch, Queues, Waiting},
    room::Room,
    sending,
};
use crate::{
    config::BusConfig,
    error::{Error, ErrorKind, Result},
    sync::lock,
    transport::{Outgoing, Receipt},
};

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
    queues: Queues,
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
        state.queues.add(partition, waiting);
        let is_first = !std::mem::replace(&mut state.sending, true);
        drop(state);
        self.added.notify_one();
        is_first
    }

    pub(super) fn take(&self) -> Option<Batch> {
        lock(&self.state).queues.take()
    }

    pub(super) fn answered(&self, queue: usize, count: usize) {
        lock(&self.state).queues.answered(queue, count);
    }

    /// Whether nothing waits, so that the task that sends has ended with this call.
    pub(super) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        state.sending = !state.queues.nothing_waits();
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
    let message = "the task that sent the event was broken off, so it is unknown whether it is stored: publish again with \
                   the same id, which is stored once";
    Error::new(ErrorKind::Unavailable, message)
}
