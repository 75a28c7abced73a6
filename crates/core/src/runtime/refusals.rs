//! Refusals in a row, with no success in between.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::sync::lock;

/// When the first and the last came.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Option<(Instant, Instant)>>);

impl Refusals {
    pub(super) fn another(&self) {
        let now = Instant::now();
        let mut row = lock(&self.0);
        *row = Some((row.map_or(now, |(first, _)| first), now));
    }

    /// It was not refused.
    pub(super) fn over(&self) {
        *lock(&self.0) = None;
    }

    /// From the first to the last: whoever has nothing to do after a refusal is not refused meanwhile. Nothing of one that
    /// is as old as a lease: what was refused belongs to another by then.
    pub(super) fn lasted(&self, lease: Duration) -> Option<Duration> {
        lock(&self.0).filter(|(_, last)| last.elapsed() < lease).map(|(first, last)| last - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refusals_last_from_the_first_to_the_last_until_a_success() {
        let (refusals, second) = (Refusals::default(), Duration::from_secs(1));
        let lasted = || refusals.lasted(30 * second);
        assert_eq!(lasted(), None);
        for seconds in [0, 2, 5] {
            tokio::time::advance(seconds * second).await;
            refusals.another();
        }
        tokio::time::advance(29 * second).await;
        assert_eq!(lasted(), Some(7 * second));
        tokio::time::advance(second).await;
        assert_eq!(lasted(), None, "what was refused belongs to another by now");
        refusals.over();
        refusals.another();
        assert_eq!(lasted(), Some(Duration::ZERO));
    }
}
