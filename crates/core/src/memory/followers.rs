use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, Weak},
};

use tokio::{sync::Notify, time::timeout_at};

use super::{
    Shared,
    backlog::Backlog,
    item::{Item, Stored},
};
use crate::{
    error::Result,
    ids::Pattern,
    sync::lock,
    transport::{Followed, Follower, Start},
};

/// So many events may wait for one follower; then the oldest go, counted.
const MOST: usize = 10_000;

/// Who reads along.
#[derive(Debug, Default)]
pub(super) struct Followers(Vec<Weak<Queue>>);

/// What one follower has not read yet.
#[derive(Debug)]
struct Queue {
    patterns: Vec<Pattern>,
    state: Mutex<State>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Arc<Stored>>,
    missed: u64,
    /// How many were handed out and are perhaps at work.
    handed_out: usize,
}

/// Reads along in memory.
pub(super) struct MemoryFollower {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
}

impl Followers {
    pub(super) fn add(&mut self, patterns: Vec<Pattern>, shared: Arc<Shared>) -> MemoryFollower {
        let queue = Arc::new(Queue { patterns, state: Mutex::default(), bell: Notify::new() });
        self.0.retain(|other| other.strong_count() > 0);
        self.0.push(Arc::downgrade(&queue));
        MemoryFollower { queue, shared }
    }

    /// What waits for its time comes earlier than they know.
    pub(super) fn wake(&self) {
        self.0.iter().filter_map(Weak::upgrade).for_each(|queue| queue.bell.notify_one());
    }

    pub(super) fn tell(&self, event: &Arc<Stored>) {
        for queue in self.0.iter().filter_map(Weak::upgrade) {
            if queue.patterns.iter().any(|pattern| pattern.matches(&event.event_type)) {
                queue.put(Arc::clone(event));
            }
        }
    }

    pub(super) fn backlog(&self) -> Backlog {
        let mut sum = Backlog::default();
        for queue in self.0.iter().filter_map(Weak::upgrade) {
            let state = lock(&queue.state);
            sum.ready += state.waiting.len();
            sum.held += state.handed_out;
        }
        sum
    }
}

impl Queue {
    fn put(&self, event: Arc<Stored>) {
        let mut state = lock(&self.state);
        if state.waiting.len() >= MOST {
            state.waiting.pop_front();
            state.missed += 1;
        }
        state.waiting.push_back(event);
        drop(state);
        self.bell.notify_one();
    }

    fn take(&self, most: usize) -> Followed {
        let mut state = lock(&self.state);
        let count = most.min(state.waiting.len());
        state.handed_out = count;
        let events = state.waiting.drain(..count);
        let deliveries = events.map(|event| Item::fresh(0, event).delivery(Start::Fresh)).collect();
        Followed { deliveries, missed: std::mem::take(&mut state.missed) }
    }
}

impl Follower for MemoryFollower {
    fn next(&mut self, most: usize) -> Pin<Box<dyn Future<Output = Result<Followed>> + Send + '_>> {
        Box::pin(async move {
            loop {
                // Who looks publishes what has come due; nobody else may be there to do it.
                let next_due = self.shared.lock().next_due();
                let followed = self.queue.take(most);
                if !followed.deliveries.is_empty() || followed.missed > 0 {
                    return Ok(followed);
                }
                match next_due {
                    Some(at) => _ = timeout_at(at, self.queue.bell.notified()).await,
                    None => self.queue.bell.notified().await,
                }
            }
        })
    }
}
