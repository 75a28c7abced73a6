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
        runtime.renewing.begin();
        loop {
            tokio::time::sleep(wait).await;
            let failed = runtime.renew(&mut outage).await;
            if failed.is_none() {
                // It has a turn even if nothing is held, so one that has none for a lease is stuck or fails.
                runtime.renewing.begin();
            }
            wait = failed.map_or(period, |sooner| sooner.min(period));
        }
    }
}

impl Runtime {
    /// Renews once; after a failure, says when to try again.
    async fn renew(&self, outage: &mut Outage) -> Option<std::time::Duration> {
        let now = Instant::now();
        // What failed may have been handed out to this process anew, and would not be due by its round.
        let due = if outage.is_on() { self.held.all(now) } else { self.held.due(now) };
        if due.is_empty() {
            return None;
        }
        match self.source.renew(due).await {
            Ok(lost) => {
                outage.over(&self.id);
                let count = self.held.lose(&lost);
                if count > 0 {
                    self.bus.meter().leases_lost(&self.id, count);
                    tracing::warn!(subscription = %self.id, count, "deliveries were taken over by another process");
                }
                None
            }
            Err(error) => {
                self.renewing.falter();
                Some(outage.failed(&self.id, &error))
            }
        }
    }
}
