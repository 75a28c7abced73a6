//! A handler's seat: takes deliveries from the ready queue, one after another.

use std::sync::Arc;

use tokio::{sync::SemaphorePermit, task::JoinHandle};

use super::{Runtime, batch, slots::Slot};

/// The right to run a handler: one of the subscription's own, and one of the service's.
pub(super) struct Turn<'a> {
    _own: Option<SemaphorePermit<'a>>,
    _slot: Slot,
}

/// Begins to work, with one delivery after another or with batches of them.
pub(super) fn spawn(runtime: Arc<Runtime>, seat: usize) -> JoinHandle<()> {
    match runtime.settings.batch {
        Some(batch) => tokio::spawn(batch::run(runtime, seat, batch)),
        None => tokio::spawn(run(runtime, seat)),
    }
}

/// Works until the ready queue is closed. What it works on then is finished.
async fn run(runtime: Arc<Runtime>, seat: usize) {
    while runtime.ready.some().await {
        // A turn first, then a delivery: what waits for a turn can still be handed back.
        let Some(turn) = runtime.stopping.run_until_cancelled(runtime.turn()).await else { return };
        let Some(delivery) = runtime.ready.pop() else { continue };
        if !runtime.held.is_lost(&delivery.held) {
            runtime.attempt(seat, delivery).await;
        }
        drop(turn);
        // A handler that never waits must not keep its thread from those who read and settle.
        tokio::task::consume_budget().await;
    }
}

impl Runtime {
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // Nobody closes the semaphore, so there is always a permit to wait for.
        let own = self.turns.acquire().await.ok();
        Turn { _own: own, _slot: self.bus.slots().acquire(self.settings.priority).await }
    }
}
