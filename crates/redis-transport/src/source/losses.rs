//! What was lost and made anew: counted each time, logged now and then.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tekup_core::transport::{Loss, Losses};
use tokio::time::Instant;

/// A store that loses again and again must not fill the log as well.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What a source has lost so far.
#[derive(Default)]
pub(super) struct LossLog(Mutex<State>);

#[derive(Default)]
struct State {
    losses: Losses,
    /// Of what happened since it was last told.
    untold: u64,
    next_line: Option<Instant>,
}

impl LossLog {
    pub(super) fn so_far(&self) -> Losses {
        self.state().losses.clone()
    }

    /// Notes a loss of the subscription.
    pub(super) fn note(&self, subscription: &str, loss: Loss) {
        let mut state = self.state();
        state.losses.count += 1;
        if let Some(before) = state.may_tell() {
            let (lanes, registration, detail) = (loss.lanes, loss.registration, &loss.detail);
            tracing::warn!(subscription, lanes, registration, %detail, before, "the store has lost what the subscription reads from: it was made anew; some events may come again");
        }
        state.losses.last = Some(loss);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// If it is time for a line: of how many before there was none.
    fn may_tell(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self.next_line.is_some_and(|next| now < next) {
            self.untold += 1;
            return None;
        }
        self.next_line = Some(now + TELL_EVERY);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_loss_is_told_at_once_and_the_next_ones_are_counted_for_a_minute() {
        let mut state = State::default();
        assert_eq!(state.may_tell(), Some(0));
        assert_eq!((state.may_tell(), state.may_tell()), (None, None));
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!((state.may_tell(), state.may_tell()), (Some(2), None));
    }
}
