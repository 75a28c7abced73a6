use super::Turn;
use crate::{rate_limit::RateLimit, transport::SubscriptionState};

impl Turn<'_> {
    /// Answers whether it changed.
    pub(in crate::memory) fn set_paused(&mut self, paused: bool) -> bool {
        let since = self.time;
        self.change(|state| {
            let changes = state.is_paused() != paused;
            if changes {
                state.paused = paused.then_some(since);
            }
            changes
        })
    }

    /// Answers whether it changed.
    pub(in crate::memory) fn set_rate_limit(&mut self, limit: Option<RateLimit>) -> bool {
        self.change(|state| std::mem::replace(&mut state.rate_limit, limit) != limit)
    }

    fn change(&self, change: impl FnOnce(&mut SubscriptionState) -> bool) -> bool {
        let changed = self.subscription.state.send_if_modified(change);
        if changed {
            self.ring();
        }
        changed
    }
}
