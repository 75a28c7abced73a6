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

    /// From the first to the last: whoever has nothing to do after a refusal is not refused meanwhile.
    pub(super) fn lasted(&self) -> Option<Duration> {
        lock(&self.0).map(|(first, last)| last - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refusals_last_from_the_first_to_the_last_until_a_success() {
        let (refusals, second) = (Refusals::default(), Duration::from_secs(1));
        assert_eq!(refusals.lasted(), None);
        for seconds in [0, 2, 5] {
            tokio::time::advance(seconds * second).await;
            refusals.another();
        }
        tokio::time::advance(60 * second).await;
        assert_eq!(refusals.lasted(), Some(7 * second));
        refusals.over();
        assert_eq!(refusals.lasted(), None);
        refusals.another();
        assert_eq!(refusals.lasted(), Some(Duration::ZERO));
    }
}
