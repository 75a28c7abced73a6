//! The task that sends what has gathered.

use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::task::yield_now;

use super::{
    core::Core,
    queues::{Batch, CALLS},
    room::Space,
};
use crate::{
    error::{Error, Result},
    transport::Receipt,
};

/// Sends until nothing waits. It belongs to no publisher, so that none that is dropped takes others' events with it.
pub(super) async fn run(core: Arc<Core>) {
    let mut task = Task { core, has_ended: false };
    let core = Arc::clone(&task.core);
    // Polled in the order in which they were pushed: an event that was left later is not sent sooner.
    let mut calls = FuturesUnordered::new();
    loop {
        // Publishers that were answered a moment ago come back with their next event first.
        yield_now().await;
        while calls.len() < CALLS
            && let Some(batch) = core.gathering.take()
        {
            calls.push(send(&core, batch));
        }
        if calls.is_empty() && core.gathering.end() {
            task.has_ended = true;
            return;
        }
        let has_room = calls.len() < CALLS;
        tokio::select! {
            Some(()) = calls.next() => {}
            () = core.gathering.added.notified(), if has_room => {}
        }
    }
}

/// A runtime may end, and a transport panic: nobody must wait for what is no longer sent.
struct Task {
    core: Arc<Core>,
    has_ended: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.has_ended {
            self.core.gathering.abandon();
        }
    }
}

async fn send(core: &Arc<Core>, Batch { queue, events }: Batch) {
    let count = events.len();
    let (mut stored, mut asked, mut space) = (Vec::with_capacity(count), Vec::with_capacity(count), None::<Space>);
    for waiting in events {
        stored.push(waiting.event);
        asked.push(waiting.answer);
        match &mut space {
            Some(space) => space.and(waiting.space),
            None => space = Some(waiting.space),
        }
    }
    let mut answers = each(Core::store(core, stored).await, count);
    core.gathering.answered(queue, count);
    // Whoever hears the answer finds the room free.
    drop(space);
    for answer in asked {
        // Nobody may be there any more to hear it.
        let _unheard = answer.send(answers.next().unwrap_or_else(|| Err(Core::unanswered())));
    }
}

/// An answer for each, also if the whole call has failed.
fn each(answers: Result<Vec<Result<Receipt>>>, count: usize) -> impl Iterator<Item = Result<Receipt>> {
    let answers = answers.unwrap_or_else(|error| Error::shared(error, count).map(Err).collect());
    answers.into_iter()
}
