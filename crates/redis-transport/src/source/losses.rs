//! What was lost and made anew: counted each time, logged once a minute at most, and in the end all of it.

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
    /// How many there were since one was last told of.
    untold: u64,
    next_line: Option<Instant>,
}

impl LossLog {
    pub(super) fn so_far(&self) -> Losses {
        self.state().losses.clone()
    }

    /// Notes a loss of the subscription.
    pub(super) fn note(&self, subscription: &str, loss: Loss) {
        self.state().add(loss);
        self.tell(subscription);
    }

    /// Logs the last loss if it is time for a line; to be called now and then.
    pub(super) fn tell(&self, subscription: &str) {
        let mut state = self.state();
        let Some(before) = state.may_tell() else { return };
        let Some(Loss { lanes, registration, detail, .. }) = &state.losses.last else { return };
        tracing::warn!(subscription, lanes, registration, %detail, before, "the store has lost what the subscription reads from: it was made anew; some events may come again");
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, loss: Loss) {
        self.losses.count += 1;
        self.losses.last = Some(loss);
        self.untold += 1;
    }

    /// If there is something to tell, and it is time to: of how many before the last there was no line.
    fn may_tell(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self.untold == 0 || self.next_line.is_some_and(|next| now < next) {
            return None;
        }
        self.next_line = Some(now + TELL_EVERY);
        Some(std::mem::take(&mut self.untold) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss() -> Loss {
        Loss { at: tekup_core::Timestamp::now(), registration: false, lanes: 1, detail: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_loss_is_told_at_once_and_the_next_ones_when_a_minute_is_over() {
        let mut state = State::default();
        assert_eq!(state.may_tell(), None);
        state.add(loss());
        assert_eq!((state.may_tell(), state.may_tell()), (Some(0), None));
        state.add(loss());
        state.add(loss());
        assert_eq!(state.may_tell(), None);
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!((state.may_tell(), state.may_tell()), (Some(1), None), "though none follows");
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!((state.may_tell(), state.losses.count), (None, 3), "nothing is told twice");
    }
}
