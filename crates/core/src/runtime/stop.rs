//! Stopping: take no more, hand back what is not started, finish what is, leave.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    task::{AbortHandle, JoinHandle},
    time::{Instant, timeout, timeout_at},
};

use super::{Running, Runtime};
use crate::{
    metrics::Tally,
    transport::{Delivery, Verdict},
};

/// How long the last verdicts and the farewell may take together after the grace period.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long aborted handlers may take to come to an await.
const ABORTED: Duration = Duration::from_millis(100);

impl Running {
    /// Stops here and keeps the subscription: position, retries and dead letters stay for the replicas and the next
    /// start.
    pub(crate) async fn stop(self, grace: Duration) {
        let Self { runtime, reader, workers, settler, keeper, watcher: _ends_by_itself } = self;
        let deadline = Instant::now() + grace;
        runtime.stopping.cancel();
        runtime.source.interrupt();
        finish(vec![reader], Instant::now() + FAREWELL).await;
        runtime.hand_back();
        finish(workers, deadline).await;
        runtime.hand_back_unfinished();
        runtime.outbox.close();
        let last = Instant::now() + FAREWELL;
        finish(vec![settler], last).await;
        runtime.log_unsettled();
        keeper.abort();
        runtime.farewell(last).await;
    }
}

/// Waits for tasks, and aborts those that are left when their time is over.
async fn finish(tasks: Vec<JoinHandle<()>>, deadline: Instant) {
    let left: Vec<AbortHandle> = tasks.iter().map(JoinHandle::abort_handle).collect();
    let mut all = join_all(tasks);
    if timeout_at(deadline, &mut all).await.is_err() {
        left.iter().for_each(AbortHandle::abort);
        // An aborted task ends at its next await, and drops what it held: one that blocks its thread is left to itself.
        let _aborted = timeout(ABORTED, all).await;
    }
}

impl Runtime {
    /// What was never started goes back at once: no attempt was made.
    fn hand_back(&self) {
        let mut unstarted = self.ready.close();
        unstarted.extend(self.suspects.drain());
        for delivery in unstarted {
            self.release(&delivery);
        }
    }

    /// Forgets it first: it may be handed out to this process again before the answer has come.
    pub(super) fn release(&self, delivery: &Delivery) {
        self.held.remove([&delivery.held]);
        self.outbox.push(Self::ending(delivery, Verdict::Release, Tally::default()));
    }

    /// What was started and could not finish in time has been cancelled; its lease decides, so that an event that never
    /// finishes is counted as started.
    fn hand_back_unfinished(&self) {
        let count: usize = (0..self.held.seats()).map(|seat| self.held.leave(seat)).sum();
        if count > 0 {
            tracing::warn!(
                subscription = %self.id, count,
                "handlers were cancelled at the end of the grace period; their events are handled again when their leases end"
            );
        }
    }

    fn log_unsettled(&self) {
        let count = self.outbox.len();
        if count > 0 {
            tracing::warn!(
                subscription = %self.id, count,
                "the store did not answer verdicts in time; their events are handled again when their leases end"
            );
        }
    }

    async fn farewell(&self, deadline: Instant) {
        match timeout_at(deadline, self.source.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(subscription = %self.id, %error, "the subscription could not leave in order")
            }
            Err(_) => tracing::warn!(subscription = %self.id, "the subscription could not leave in time"),
        }
    }
}
