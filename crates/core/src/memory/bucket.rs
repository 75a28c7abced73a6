use std::time::Duration;

use tokio::time::Instant;

use crate::rate_limit::RateLimit;

/// What is left of a rate limit: a bucket that fills evenly, and holds a burst.
///
/// It is written down as the time at which it will be full, so that nothing has to be filled.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    full: Option<Instant>,
}

impl Bucket {
    /// How many may be taken at once.
    pub(super) fn left(&self, limit: RateLimit, now: Instant) -> usize {
        let taken = self.full_at(limit, now).saturating_duration_since(now);
        let left = whole(limit).saturating_sub(taken).as_nanos() / each(limit).as_nanos().max(1);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Takes so many, and writes down what a new limit has changed.
    pub(super) fn take(&mut self, count: usize, limit: RateLimit, now: Instant) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.full = Some(self.full_at(limit, now) + each(limit).saturating_mul(count));
    }

    /// When there is one to take at the latest.
    pub(super) fn next(&self, limit: RateLimit, now: Instant) -> Instant {
        now + (self.full_at(limit, now) + each(limit)).saturating_duration_since(now + whole(limit))
    }

    /// A limit that was changed meanwhile owes no more than an empty bucket.
    fn full_at(&self, limit: RateLimit, now: Instant) -> Instant {
        self.full.map_or(now, |full| full.clamp(now, now + whole(limit)))
    }
}

/// In which time one comes.
fn each(limit: RateLimit) -> Duration {
    limit.period() / limit.events().max(1)
}

/// In which time an empty bucket is full.
fn whole(limit: RateLimit) -> Duration {
    each(limit).saturating_mul(limit.burst())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_bucket_begins_full_and_fills_evenly() {
        let (limit, begin) = (RateLimit::per_second(100), Instant::now());
        let mut bucket = Bucket::default();
        assert_eq!(bucket.left(limit, begin), 10);
        bucket.take(10, limit, begin);
        assert_eq!((bucket.left(limit, begin), bucket.next(limit, begin)), (0, begin + 10 * MS));
        assert_eq!(bucket.left(limit, begin + 9 * MS), 0);
        assert_eq!(bucket.left(limit, begin + 35 * MS), 3);
        assert_eq!(bucket.next(limit, begin + 35 * MS), begin + 35 * MS);
        assert_eq!(bucket.left(limit, begin + 10_000 * MS), 10);
    }

    #[test]
    fn no_period_gives_more_than_its_limit_and_a_burst() {
        for limit in [RateLimit::per_second(7), RateLimit::per_second(100), RateLimit::new(1_000, 300 * MS)] {
            let (mut bucket, begin, mut taken) = (Bucket::default(), Instant::now(), 0);
            for tick in 0..=u32::try_from(limit.period().as_millis()).unwrap() {
                let now = begin + tick * MS;
                let left = bucket.left(limit, now);
                bucket.take(left, limit, now);
                taken += left;
            }
            let (least, most) = (limit.events() as usize, (limit.events() + limit.burst()) as usize);
            assert!((least..=most).contains(&taken), "{limit}: {taken}");
        }
    }

    #[test]
    fn a_new_limit_is_not_held_up_by_what_the_old_one_owed() {
        let (slow, fast, begin) = (RateLimit::per_hour(1), RateLimit::per_second(100), Instant::now());
        let mut bucket = Bucket::default();
        bucket.take(1, slow, begin);
        assert_eq!(bucket.next(slow, begin), begin + slow.period());
        assert_eq!((bucket.left(fast, begin), bucket.next(fast, begin)), (0, begin + 10 * MS));
        bucket.take(0, fast, begin);
        assert_eq!(bucket.left(fast, begin + 10 * MS), 1);
    }
}
