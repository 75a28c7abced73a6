//! Heeds what operators say while the subscription runs: a pause, a rate limit.

use std::sync::Arc;

use super::Runtime;
use crate::{sync::lock, transport::SubscriptionState};

/// Until the subscription stops.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let mut state = runtime.source.state();
    while let Some(Ok(())) = runtime.stopping.run_until_cancelled(state.changed()).await {
        state.mark_unchanged();
        runtime.heed();
    }
}

impl Runtime {
    /// As this process knows it.
    pub(crate) fn state(&self) -> SubscriptionState {
        *self.source.state().borrow()
    }

    /// Does what the state asks for; harmless if that is done already.
    pub(super) fn heed(&self) {
        // Whoever comes last has read the newest.
        let _in_turn = lock(&self.heeding);
        let state = self.state();
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
