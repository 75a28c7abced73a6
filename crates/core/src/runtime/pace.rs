//! How many deliveries to hold unstarted.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// The fewest that are held, where the setting allows it: enough to overlap reading with handling.
const FEWEST: usize = 16;

/// Adapts the prefetch to how long handlers take: what is held shall be started within half a lease.
pub(super) struct Pace {
    fewest: usize,
    most: usize,
    concurrency: usize,
    half_lease: Duration,
    /// A moving average, in nanoseconds; 0 before the first.
    average: AtomicU64,
    /// What a rate limit allows, or the most that there is: what is held may be started at once, so more would make a
    /// burst when handlers that were slow become quick.
    burst: AtomicUsize,
}

impl Pace {
    /// Handlers take up to `batch` deliveries at a time: fewer are never aimed at, or no batch would be full.
    pub(super) fn new(most: usize, batch: usize, concurrency: usize, lease: Duration) -> Self {
        Self {
            fewest: FEWEST.max(batch),
            most: most.max(batch),
            concurrency,
            half_lease: lease / 2,
            average: AtomicU64::new(0),
            burst: AtomicUsize::new(usize::MAX),
        }
    }

    /// Holds no more than a burst, if the rate is limited.
    pub(super) fn limit(&self, burst: Option<u32>) {
        let burst = burst.and_then(|burst| usize::try_from(burst).ok());
        self.burst.store(burst.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// Takes a handling time into the average.
    pub(super) fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / 16).clamp(1, u64::MAX / 16);
        // Concurrent notes may overwrite each other: an average can bear it.
        let old = self.average.load(Ordering::Relaxed);
        let new = if old == 0 { took } else { (old * 7 + took) / 8 };
        self.average.store(new, Ordering::Relaxed);
    }

    /// How many to hold now.
    pub(super) fn prefetch(&self) -> usize {
        let average = self.average.load(Ordering::Relaxed);
        let in_time = match average {
            0 => self.fewest,
            nanos => {
                let each = u128::from(nanos);
                let all = self.half_lease.as_nanos() * self.concurrency as u128 / each;
                usize::try_from(all).unwrap_or(usize::MAX)
            }
        };
        in_time.max(self.fewest).min(self.most).min(self.burst.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefetch_follows_the_handling_time_within_its_bounds() {
        let lease = Duration::from_secs(30);
        let table: [(usize, usize, u64, usize); 8] = [
            (1_000, 1, 0, 16),
            (1_000, 1, 5, 1_000),
            (1_000, 1, 1_000_000, 75),
            (1_000, 1, 10_000_000, 16),
            (8, 1, 5, 8),
            (8, 1, 10_000_000, 8),
            (1_000, 500, 10_000_000, 500),
            (8, 500, 0, 500),
        ];
        for (most, batch, micros, expected) in table {
            let pace = Pace::new(most, batch, 5, lease);
            if micros > 0 {
                pace.note(Duration::from_micros(micros));
            }
            assert_eq!(pace.prefetch(), expected, "{most} {batch} {micros}");
        }
    }

    #[test]
    fn no_more_is_held_than_a_burst_while_the_rate_is_limited() {
        let pace = Pace::new(1_000, 1, 5, Duration::from_secs(30));
        pace.limit(Some(3));
        assert_eq!(pace.prefetch(), 3);
        pace.limit(None);
        assert_eq!(pace.prefetch(), FEWEST);
    }
}
