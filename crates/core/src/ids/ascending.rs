//! New ids: the time, a counter that keeps a process's ids ascending, and chance.
//!
//! The layout is UUIDv7's, RFC 9562 section 5.7; the counter is its section 6.2, method 1.

use std::{
    cell::RefCell,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use fastrand::Rng;
use uuid::Uuid;

const COUNTER_BITS: u32 = 12;
const VERSION_7: u64 = 0x7000;
const VARIANT: u64 = 1 << 63;

/// The milliseconds and the counter of the newest id of this process.
static NEWEST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Seeded from the system: the clocks of two machines that start together may be the same.
    static CHANCE: RefCell<Rng> = RefCell::new(Rng::with_seed(RandomState::new().hash_one(0)));
}

/// An id above every other that this process has made, also where its clock is set back.
pub(super) fn uuid() -> Uuid {
    let tick = next(&NEWEST, unix_millis());
    let chance = CHANCE.with_borrow_mut(|rng| rng.u64(..));
    let (ms, counter) = (tick >> COUNTER_BITS, tick & ((1 << COUNTER_BITS) - 1));
    Uuid::from_u64_pair(ms << 16 | VERSION_7 | counter, VARIANT | chance >> 2)
}

/// The clock's millisecond with a counter of 0, or one more than the newest where that is not above it: more ids than
/// the counter holds run ahead of the clock.
fn next(newest: &AtomicU64, ms: u64) -> u64 {
    let clock = ms << COUNTER_BITS;
    let mut known = newest.load(Ordering::Relaxed);
    loop {
        let next = clock.max(known + 1);
        match newest.compare_exchange_weak(known, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return next,
            Err(now) => known = now,
        }
    }
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread};

    use super::*;

    #[test]
    fn ids_of_one_millisecond_ascend_and_run_ahead_of_the_clock_when_they_are_too_many() {
        let newest = AtomicU64::new(0);
        let ticks: Vec<u64> = (0..=1 << COUNTER_BITS).map(|_| next(&newest, 7)).collect();
        assert!(ticks.is_sorted_by(|a, b| a < b));
        assert_eq!((ticks.first(), ticks.last()), (Some(&(7 << COUNTER_BITS)), Some(&(8 << COUNTER_BITS))));
        assert_eq!(next(&newest, 8), (8 << COUNTER_BITS) + 1);
    }

    #[test]
    fn ids_ascend_where_the_clock_is_set_back() {
        let newest = AtomicU64::new(0);
        let before = next(&newest, 1_000);
        assert_eq!(next(&newest, 10), before + 1);
        assert_eq!(next(&newest, 1_001), 1_001 << COUNTER_BITS);
    }

    #[test]
    fn ids_of_threads_at_once_differ_and_ascend_in_each() {
        let threads: Vec<_> =
            (0..4).map(|_| thread::spawn(|| (0..10_000).map(|_| uuid()).collect::<Vec<_>>())).collect();
        let made: Vec<Vec<Uuid>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(made.iter().all(|ids| ids.is_sorted_by(|a, b| a < b)));
        assert_eq!(made.iter().flatten().collect::<HashSet<_>>().len(), 40_000);
    }

    #[test]
    fn the_layout_is_that_of_version_7_and_holds_the_time() {
        let before = unix_millis();
        let id = uuid();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        // A moment ahead, at most, where tests beside this one make more than the counter holds.
        assert!((before..before + 10_000).contains(&((id.as_u128() >> 80) as u64)));
    }
}
