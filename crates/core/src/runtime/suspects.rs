//! Deliveries of a process that died, perhaps because of one of them.
//!
//! Only one of them runs at a time in all subscriptions of a bus, so that the next crash accuses the right one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::Notify;

use super::{Runtime, outage::Outage};
use crate::{
    sync::lock,
    transport::{DeadReason, Delivery, Start, Verdict},
};

#[derive(Default)]
pub(super) struct Suspects {
    waiting: Mutex<VecDeque<Delivery>>,
    added: Notify,
    taken: Notify,
}

impl Suspects {
    pub(super) fn push(&self, batch: Vec<Delivery>) {
        lock(&self.waiting).extend(batch);
        self.added.notify_one();
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.waiting).len()
    }

    /// Waits until at most so many are left.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn at_most(&self, count: usize) {
        while self.len() > count {
            self.taken.notified().await;
        }
    }

    async fn pop(&self) -> Delivery {
        loop {
            if let Some(delivery) = lock(&self.waiting).pop_front() {
                self.taken.notify_one();
                return delivery;
            }
            self.added.notified().await;
        }
    }

    pub(super) fn drain(&self) -> Vec<Delivery> {
        std::mem::take(&mut *lock(&self.waiting)).into()
    }
}

/// Starts suspects, one after another, until the subscription stops.
pub(super) async fn run(runtime: Arc<Runtime>, seat: usize) {
    while let Some(suspect) = runtime.stopping.run_until_cancelled(runtime.suspects.pop()).await {
        let gate = Arc::clone(runtime.bus.suspect_gate());
        let turn = async { (gate.acquire_owned().await, runtime.turn().await) };
        let Some(_turn) = runtime.stopping.run_until_cancelled(turn).await else {
            // The queue has been handed back already; this one was not in it.
            return runtime.release(&suspect);
        };
        if runtime.ready.is_on_hold() {
            // The subscription was paused while this one waited for its turn.
            runtime.release(&suspect);
            continue;
        }
        let Some(started) = runtime.start_suspect(&suspect).await else { continue };
        if started.start == Start::Finished {
            runtime.skip(&started);
        } else if started.held.starts > runtime.bus.config().crash_limit {
            runtime.park(&started);
        } else if runtime.settings.batch.is_some() {
            // Alone, so that another crash accuses no neighbour.
            runtime.attempt_batch(seat, vec![started]).await;
        } else {
            runtime.attempt(seat, started).await;
        }
        runtime.outbox.flushed().await;
    }
}

impl Runtime {
    /// Starts a suspect; `None` if another process has it by now.
    async fn start_suspect(&self, suspect: &Delivery) -> Option<Delivery> {
        let mut outage = Outage::of("start");
        loop {
            match self.source.start(suspect.held).await {
                Ok(started) => {
                    outage.over(&self.id);
                    self.held.remove([&suspect.held]);
                    self.held.add(started.iter().map(|delivery| delivery.held));
                    return started;
                }
                Err(error) if error.is_retryable() && !self.stopping.is_cancelled() => {
                    let wait = outage.failed(&self.id, &error);
                    let _stopped = tokio::time::timeout(wait, self.stopping.cancelled()).await;
                }
                Err(error) => {
                    tracing::warn!(subscription = %self.id, %error, "a taken-over delivery can't be started; its lease decides");
                    self.held.remove([&suspect.held]);
                    return None;
                }
            }
        }
    }

    fn park(&self, delivery: &Delivery) {
        let crashes = delivery.held.starts - 1;
        let error = format!("started {crashes} times and never settled: it takes its process down");
        let verdict = Verdict::DeadLetter { reason: DeadReason::Crashed, attempts: delivery.failures + crashes, error };
        self.settle_dead(delivery, verdict);
    }
}
