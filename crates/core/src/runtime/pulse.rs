//! Since when a task tries to get something done; a task that waits for work is well.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

pub(super) struct Pulse {
    born: Instant,
    /// Microseconds after `born`, and 1 more; 0 while it waits.
    since: AtomicU64,
    /// When it last got from one step to the next, in the same way.
    stepped: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { born: Instant::now(), since: AtomicU64::new(0), stepped: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// It begins to work.
    pub(super) fn begin(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.stepped.store(self.now(), Ordering::Relaxed);
    }

    /// It does not get on; unless that was said before, from now on.
    pub(super) fn falter(&self) {
        let _said = self.since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
        self.stepped.store(self.now(), Ordering::Relaxed);
    }

    /// It has done it.
    pub(super) fn rest(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// For how long it has tried; `None` while it waits.
    pub(super) fn tried_for(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_micros(self.now().saturating_sub(since)))
    }

    /// For how long it has been in one step; `None` while it waits. Who fails and tries again gets on.
    pub(super) fn hangs_for(&self) -> Option<Duration> {
        self.tried_for()?;
        let stepped = self.stepped.load(Ordering::Relaxed);
        Some(Duration::from_micros(self.now().saturating_sub(stepped)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_is_timed_from_its_first_failure_to_its_success() {
        let (pulse, second) = (Pulse::default(), Duration::from_secs(1));
        tokio::time::advance(second).await;
        assert_eq!(pulse.tried_for(), None);
        pulse.falter();
        tokio::time::advance(second).await;
        pulse.falter();
        assert_eq!(pulse.tried_for(), Some(second));
        pulse.begin();
        assert_eq!(pulse.tried_for(), Some(Duration::ZERO));
        pulse.rest();
        assert_eq!(pulse.tried_for(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_and_tries_again_does_not_hang() {
        let (pulse, second) = (Pulse::default(), Duration::from_secs(1));
        pulse.begin();
        for _ in 0..3 {
            tokio::time::advance(second).await;
            assert_eq!(pulse.hangs_for(), Some(second));
            pulse.falter();
        }
        assert_eq!((pulse.tried_for(), pulse.hangs_for()), (Some(3 * second), Some(Duration::ZERO)));
        pulse.rest();
        assert_eq!(pulse.hangs_for(), None);
    }
}
