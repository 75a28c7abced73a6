//! Heeds what operators say while the subscription runs: a pause, a rate limit.

use std::sync::Arc;

use super::Runtime;
use crate::transport::SubscriptionState;

/// Until the subscription stops.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut state = runtime.source.state();
    while let Some(Ok(())) = runtime.stopping.run_until_cancelled(state.changed()).await {
        let now = *state.borrow_and_update();
        runtime.heed(now);
    }
}

impl Runtime {
    /// As this process knows it.
    pub(crate) fn state(&self) -> SubscriptionState {
        *self.source.state().borrow()
    }

    /// Harmless if it is heeded already.
    pub(super) fn heed(&self, state: SubscriptionState) {
        self.pace.limit(state.rate_limit.map(|limit| limit.burst()));
        if state.is_paused() {
            self.pause();
        } else if self.ready.go_on() {
            tracing::info!(subscription = %self.id, "the subscription is resumed");
        }
    }

    /// What is not started goes back, so that it is held by nobody while nobody works.
    fn pause(&self) {
        let Some(unstarted) = self.ready.hold() else { return };
        tracing::info!(subscription = %self.id, "the subscription is paused: nothing is started until it is resumed");
        unstarted.iter().chain(&self.suspects.drain()).for_each(|delivery| self.release(delivery));
    }
}
