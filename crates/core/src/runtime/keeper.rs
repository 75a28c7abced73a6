//! Renews the lease of everything that is held, started or not.

use std::{future::Future, sync::Arc};

use tokio::time::Instant;

use super::{Runtime, outage::Outage};

/// Renews three times within a lease, until the subscription has stopped.
///
/// Runs where the transport says, so that a handler that blocks its thread does not block renewal.
pub(super) fn run(runtime: Arc<Runtime>) -> impl Future<Output = ()> + Send {
    let period = runtime.bus.config().lease / 3;
    async move {
        let mut outage = Outage::of("renew");
        let mut wait = period;
        loop {
            // It has a turn even if nothing is held, so one that has none for a lease is stuck.
            runtime.renewing.begin();
            tokio::time::sleep(wait).await;
            wait = runtime.renew(&mut outage).await.map_or(period, |sooner| sooner.min(period));
        }
    }
}

impl Runtime {
    /// Renews once; after a failure, says when to try again.
    async fn renew(&self, outage: &mut Outage) -> Option<std::time::Duration> {
        let due = self.held.due(Instant::now());
        if due.is_empty() {
            return None;
        }
        match self.source.renew(due).await {
            Ok(lost) => {
                outage.over(&self.id);
                self.held.lose(&lost);
                if !lost.is_empty() {
                    tracing::warn!(subscription = %self.id, count = lost.len(), "deliveries were taken over by another process");
                }
                None
            }
            Err(error) => Some(outage.failed(&self.id, &error)),
        }
    }
}
