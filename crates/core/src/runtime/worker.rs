//! A handler's seat: takes deliveries from the ready queue, one after another.

use std::sync::Arc;

use super::Runtime;

/// Works until the ready queue is closed. What it works on then is finished.
pub(super) async fn run(runtime: Arc<Runtime>, seat: usize) {
    while runtime.ready.some().await {
        // A slot first, then a delivery: what waits for a slot can still be handed back.
        let slot = runtime.bus.slots().acquire(runtime.settings.priority).await;
        let Some(delivery) = runtime.ready.pop() else { continue };
        if !runtime.held.is_lost(&delivery.held) {
            runtime.attempt(seat, delivery).await;
        }
        drop(slot);
        // A handler that never waits must not keep its thread from those who read and settle.
        tokio::task::consume_budget().await;
    }
}
