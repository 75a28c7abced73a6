//! Fetches while handlers work.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Runtime, outage::Outage};
use crate::{
    error::{Error, ErrorKind},
    sync::lock,
    transport::{Delivery, Start},
};

/// Reads until the subscription stops. Never cancelled: a dropped fetch would leave deliveries behind.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut outage = Outage::of("fetch");
    while !runtime.stopping.is_cancelled() {
        let Some(room) = runtime.room().await else { return };
        match runtime.source.fetch(room).await {
            Ok(batch) => {
                outage.over(&runtime.id);
                runtime.take_in(batch);
            }
            Err(error) if error.is_retryable() => {
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
            let waiting = self.ready.len() + self.suspects.len();
            // Half a queue at a time: fewer, larger reads, and never an empty queue.
            if waiting <= prefetch / 2 {
                return Some(prefetch - waiting);
            }
            // While the suspects alone are too many, no start of another makes room.
            let fewer = (prefetch / 2).checked_sub(self.suspects.len());
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = self.ready.at_most(fewer.unwrap_or_default()), if fewer.is_some() => {}
                () = self.suspects.taken() => {}
            }
        }
    }

    fn take_in(&self, batch: Vec<Delivery>) {
        if batch.is_empty() {
            return;
        }
        let batch = self.held.take_in(batch, Instant::now());
        let (fresh, taken_over): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|delivery| delivery.start == Start::Fresh);
        if !taken_over.is_empty() {
            self.suspects.push(taken_over);
        }
        if !fresh.is_empty() {
            self.ready.push(fresh);
        }
    }

    /// What can't be mended by trying again is said once, and kept for whoever asks.
    fn stop_reading(&self, error: Error) {
        if error.kind() != ErrorKind::Closed {
            tracing::error!(subscription = %self.id, kind = %error.kind(), %error, "the subscription has stopped reading");
        }
        *lock(&self.failure) = Some(Arc::new(error));
    }
}
