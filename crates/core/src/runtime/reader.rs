//! Fetches while handlers work.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Runtime, outage::Outage};
use crate::{
    error::{Error, ErrorKind},
    metrics::Tally,
    sync::lock,
    transport::{Delivery, Start, Verdict},
};

/// So many suspects may wait beside the prefetch: they run one at a time, and must not keep the handlers from what is
/// fresh. They hold no content.
const SUSPECTS: usize = 1_000;

/// At so many verdicts without an answer the store is slower than the handlers: nothing more is read.
const UNSETTLED: usize = 4_096;

/// Reads until the subscription stops. Never cancelled: a dropped fetch would leave deliveries behind.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut outage = Outage::of("fetch");
    while !runtime.stopping.is_cancelled() {
        let Some(room) = runtime.room().await else { return };
        match runtime.source.fetch(room).await {
            Ok(batch) => {
                outage.over(&runtime.id);
                runtime.reading.rest();
                runtime.take_in(batch);
            }
            Err(error) if error.is_retryable() => {
                runtime.reading.falter();
                let wait = outage.failed(&runtime.id, &error);
                let _stopped = tokio::time::timeout(wait, runtime.stopping.cancelled()).await;
            }
            Err(error) => return runtime.stop_reading(error),
        }
    }
}

impl Runtime {
    /// How many more may be held; waits until that is worth a read. `None` when the subscription stops.
    async fn room(&self) -> Option<usize> {
        loop {
            let prefetch = self.pace.prefetch();
            let waiting = self.ready.len();
            let few = (prefetch / 2).max(self.settings.batch_most() - 1);
            let (many_suspects, slow_store) = (self.suspects.len() > SUSPECTS, self.outbox.len() > UNSETTLED);
            // Half a queue at a time: fewer, larger reads, and never an empty queue; nor less than a batch, for it may wait.
            if waiting <= few && !many_suspects && !slow_store {
                return Some(prefetch - waiting);
            }
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = self.ready.at_most(few), if waiting > few => {}
                () = self.suspects.at_most(SUSPECTS), if many_suspects => {}
                () = self.outbox.at_most(UNSETTLED), if slow_store => {}
            }
        }
    }

    fn take_in(&self, batch: Vec<Delivery>) {
        if batch.is_empty() {
            return;
        }
        let batch = self.held.take_in(batch, Instant::now());
        let (fresh, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|delivery| delivery.start == Start::Fresh);
        if !others.is_empty() {
            let (finished, taken_over) = others.into_iter().partition(|delivery| delivery.start == Start::Finished);
            self.skip_finished(finished);
            self.suspects.push(taken_over);
        }
        if self.ready.is_on_hold() {
            // What comes after a resume comes before the news of it, or a pause has just begun.
            self.heed();
        }
        let mut unwanted = self.ready.push(fresh);
        if self.ready.is_on_hold() {
            unwanted.extend(self.suspects.drain());
        }
        unwanted.iter().for_each(|delivery| self.release(delivery));
    }

    fn skip_finished(&self, finished: Vec<Delivery>) {
        finished.iter().for_each(|delivery| self.skip(delivery));
    }

    /// What was finished before is ended unseen.
    pub(super) fn skip(&self, delivery: &Delivery) {
        self.outbox.push(Self::ending(delivery, Verdict::Skip, Tally::filtered()));
    }

    /// What can't be mended by trying again is said once, and kept for whoever asks.
    fn stop_reading(&self, error: Error) {
        if error.kind() != ErrorKind::Closed {
            tracing::error!(subscription = %self.id, kind = %error.kind(), %error, "the subscription has stopped reading");
        }
        *lock(&self.failure) = Some(Arc::new(error));
    }
}
