//! How many ids share a bucket of the index: some hundred at most, for small hashes take half the memory of large ones,
//! and not so few that each id takes a key of its own.

use std::time::{Duration, Instant};

/// More than this in one bucket is too many: Redis keeps a hash of more fields in its large form.
const TOO_MANY: u64 = 384;
/// How many there should be.
const WANTED: u64 = 128;
/// Fewer than this in the fullest bucket of a while is too few.
const TOO_FEW: u64 = 16;
/// The longest slice.
const LONGEST_MS: u64 = 64;
/// The slice that a new partition begins with: fit for a flood, since one that is too long costs twice the time until it
/// is cut, and one that is too short only a little memory.
pub(crate) const FIRST_MS: u64 = 4;
/// How long buckets are watched before they are found too empty.
const WHILE: Duration = Duration::from_secs(60);
/// How long a change is waited for: it holds for ids of a time to come only.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was seen of the buckets of one partition.
#[derive(Debug)]
pub(crate) struct Tuning {
    /// From when on buckets are watched.
    since: Instant,
    fullest: u64,
}

impl Tuning {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, fullest: 0 }
    }

    /// Takes note of a bucket with so many ids; answers the slice that would be better, and then begins anew.
    pub(crate) fn observe(&mut self, slice_ms: u64, ids: u64, now: Instant) -> Option<u64> {
        if now < self.since {
            return None;
        }
        self.fullest = self.fullest.max(ids);
        let better = if self.fullest > TOO_MANY {
            shorter(slice_ms, self.fullest)
        } else if now.duration_since(self.since) < WHILE {
            return None;
        } else if self.fullest < TOO_FEW {
            (slice_ms * 4).min(LONGEST_MS)
        } else {
            slice_ms
        };
        let changes = better != slice_ms;
        *self = Self::new(if changes { now + PATIENCE } else { now });
        changes.then_some(better)
    }
}

fn shorter(slice_ms: u64, ids: u64) -> u64 {
    let fitting = (slice_ms * WANTED / ids).max(1);
    // A power of two, so that slices of several times nest.
    1 << fitting.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_that_are_too_full_are_cut_at_once() {
        let now = Instant::now();
        for (slice, ids, better) in [(64, 6_400, Some(1)), (64, 400, Some(16)), (2, 1_000, Some(1)), (1, 9_000, None)] {
            assert_eq!(Tuning::new(now).observe(slice, ids, now), better, "{slice} {ids}");
        }
    }

    #[test]
    fn a_change_is_waited_for_before_the_next_is_thought_of() {
        let now = Instant::now();
        let mut tuning = Tuning::new(now);
        assert_eq!(tuning.observe(64, 800, now), Some(8));
        assert_eq!(tuning.observe(64, 9_000, now + PATIENCE / 2), None);
        assert_eq!(tuning.observe(8, 800, now + PATIENCE), Some(1));
    }

    #[test]
    fn buckets_that_stay_nearly_empty_are_joined_after_a_while() {
        let now = Instant::now();
        let mut tuning = Tuning::new(now);
        assert_eq!(tuning.observe(1, 1, now), None);
        assert_eq!(tuning.observe(1, 2, now + WHILE), Some(4));
        let now = now + WHILE + PATIENCE;
        assert_eq!(tuning.observe(4, 100, now), None);
        assert_eq!(tuning.observe(4, 1, now + WHILE), None, "one of them was full enough");
        assert_eq!(Tuning::new(now).observe(64, 1, now + WHILE), None);
    }
}
