//! How large a bucket of the index is: small, for it is read as a whole, and no longer has a compact form once it is full;
//! and not so small that each id takes a key of its own. An id takes about 50 bytes.

use std::time::{Duration, Instant};

/// A bucket of more bytes is too large.
const TOO_LARGE: u64 = 12 * 1024;
/// How large it should be.
const WANTED: u64 = 3 * 1024;
/// Smaller than this is too small for the largest bucket of a while.
const TOO_SMALL: u64 = 768;
/// The longest slice.
const LONGEST_MS: u64 = 64;
/// The slice that a new partition begins with: fit for a flood, since one that is too long costs time until it is cut,
/// and one that is too short only a little memory.
pub(crate) const FIRST_MS: u64 = 1;
/// How long buckets are watched before they are found too empty.
const WHILE: Duration = Duration::from_secs(60);
/// How long a change is waited for: it holds for ids of a time to come only.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was seen of the buckets of one partition.
#[derive(Debug)]
pub(crate) struct Tuning {
    /// From when on buckets are watched.
    since: Instant,
    largest: u64,
}

impl Tuning {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, largest: 0 }
    }

    /// Takes note of a bucket of so many bytes; answers the slice that would be better, and then begins anew.
    pub(crate) fn observe(&mut self, slice_ms: u64, bytes: u64, now: Instant) -> Option<u64> {
        if now < self.since {
            return None;
        }
        self.largest = self.largest.max(bytes);
        let better = if self.largest > TOO_LARGE {
            shorter(slice_ms, self.largest)
        } else if now.duration_since(self.since) < WHILE {
            return None;
        } else if self.largest < TOO_SMALL {
            (slice_ms * 4).min(LONGEST_MS)
        } else {
            slice_ms
        };
        let changes = better != slice_ms;
        *self = Self::new(if changes { now + PATIENCE } else { now });
        changes.then_some(better)
    }
}

fn shorter(slice_ms: u64, bytes: u64) -> u64 {
    let fitting = (slice_ms * WANTED / bytes).max(1);
    // A power of two, so that slices of several times nest.
    1 << fitting.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1_024;

    #[test]
    fn buckets_that_are_too_large_are_cut_at_once() {
        let now = Instant::now();
        let table = [(64, 300, Some(1)), (64, 17, Some(8)), (2, 40, Some(1)), (1, 400, None)];
        for (slice, kib, better) in table {
            assert_eq!(Tuning::new(now).observe(slice, kib * KIB, now), better, "{slice} {kib}");
        }
    }

    #[test]
    fn a_change_is_waited_for_before_the_next_is_thought_of() {
        let now = Instant::now();
        let mut tuning = Tuning::new(now);
        assert_eq!(tuning.observe(64, 32 * KIB, now), Some(4));
        assert_eq!(tuning.observe(64, 400 * KIB, now + PATIENCE / 2), None);
        assert_eq!(tuning.observe(4, 64 * KIB, now + PATIENCE), Some(1));
    }

    #[test]
    fn buckets_that_stay_nearly_empty_are_joined_after_a_while() {
        let now = Instant::now();
        let mut tuning = Tuning::new(now);
        assert_eq!(tuning.observe(1, 50, now), None);
        assert_eq!(tuning.observe(1, 100, now + WHILE), Some(4));
        let now = now + WHILE + PATIENCE;
        assert_eq!(tuning.observe(4, 5 * KIB, now), None);
        assert_eq!(tuning.observe(4, 50, now + WHILE), None, "one of them was large enough");
        assert_eq!(Tuning::new(now).observe(64, 50, now + WHILE), None);
    }
}
