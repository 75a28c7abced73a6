use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};

use crate::error::{ErrorKind, Problems, Result};

const MOST_EVENTS: u32 = 1_000_000;
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);
const LONGEST_PERIOD: Duration = Duration::from_secs(24 * 3_600);

/// How many deliveries of a subscription may be handed out in a time, over all its replicas.
///
/// Every delivery counts that a replica is given: first attempts, retries, replays, what is taken over from a dead
/// process, and what a filter leaves out. They come evenly: after a quiet time at most a [`burst`](RateLimit::burst) of
/// them comes at once, a tenth of the limit, so that in any period there are at most the limit and that tenth. A process
/// whose handlers are slow has no more at hand than a burst that they have not begun, so a batch is no larger either.
///
/// What was handed out and goes back unstarted, for a pause or the end of a process, counts again when it comes again.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::RateLimit;
///
/// assert_eq!(RateLimit::per_second(100), RateLimit::new(100, Duration::from_secs(1)));
/// assert_eq!(RateLimit::per_second(100).burst(), 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    events: u32,
    #[serde(rename = "periodMs", serialize_with = "millis")]
    period: Duration,
}

fn millis<S: Serializer>(period: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u128(period.as_millis())
}

impl RateLimit {
    /// So many events, 1 to 1,000,000, in each period of 100 ms to 24 h. The same share of both is the same rate; a
    /// longer period allows a larger burst.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RateLimit;
    /// assert_eq!(RateLimit::new(5, Duration::from_secs(10)).events(), 5);
    /// ```
    #[must_use]
    pub const fn new(events: u32, period: Duration) -> Self {
        Self { events, period }
    }

    /// So many events a second.
    ///
    /// ```
    /// assert_eq!(tekup_core::RateLimit::per_second(100).period().as_secs(), 1);
    /// ```
    #[must_use]
    pub const fn per_second(events: u32) -> Self {
        Self::new(events, Duration::from_secs(1))
    }

    /// So many events a minute.
    ///
    /// ```
    /// assert_eq!(tekup_core::RateLimit::per_minute(100).period().as_secs(), 60);
    /// ```
    #[must_use]
    pub const fn per_minute(events: u32) -> Self {
        Self::new(events, Duration::from_secs(60))
    }

    /// So many events an hour.
    ///
    /// ```
    /// assert_eq!(tekup_core::RateLimit::per_hour(100).period().as_secs(), 3_600);
    /// ```
    #[must_use]
    pub const fn per_hour(events: u32) -> Self {
        Self::new(events, Duration::from_secs(3_600))
    }

    /// How many events.
    ///
    /// ```
    /// assert_eq!(tekup_core::RateLimit::per_second(100).events(), 100);
    /// ```
    #[must_use]
    pub const fn events(&self) -> u32 {
        self.events
    }

    /// In which time.
    ///
    /// ```
    /// assert_eq!(tekup_core::RateLimit::per_minute(1).period().as_secs(), 60);
    /// ```
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// How many may come at once after a quiet time: a tenth of the events, and at least one.
    ///
    /// ```
    /// use tekup_core::RateLimit;
    /// assert_eq!((RateLimit::per_minute(250).burst(), RateLimit::per_minute(3).burst()), (25, 1));
    /// ```
    #[must_use]
    pub const fn burst(&self) -> u32 {
        if self.events < 20 { 1 } else { self.events / 10 }
    }

    /// Whether it is within its range; each transport asks before it stores one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake at once. To stop a subscription, pause it: a limit of 0 is none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RateLimit;
    ///
    /// assert!(RateLimit::per_second(1).check().is_ok());
    /// assert_eq!(RateLimit::new(0, Duration::MAX).check().unwrap_err().problems().len(), 2);
    /// ```
    pub fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        self.find_problems(&mut problems);
        problems.into_result(ErrorKind::InvalidInput)
    }

    pub(crate) fn find_problems(&self, problems: &mut Problems) {
        let Self { events, period } = self;
        problems.check((1..=MOST_EVENTS).contains(events), || {
            format!("rate limit of {events} events: use 1 to 1,000,000, or pause the subscription to stop it")
        });
        problems.check((SHORTEST_PERIOD..=LONGEST_PERIOD).contains(period), || {
            format!("rate limit's period is {period:?}: use 100 ms to 24 h")
        });
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:?}", self.events, self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_out_of_range_are_refused_with_every_mistake() {
        let second = Duration::from_secs(1);
        let table = [
            (1, second, 0),
            (MOST_EVENTS, LONGEST_PERIOD, 0),
            (1, SHORTEST_PERIOD, 0),
            (0, second, 1),
            (MOST_EVENTS + 1, second, 1),
            (u32::MAX, Duration::ZERO, 2),
            (1, SHORTEST_PERIOD - Duration::from_nanos(1), 1),
            (1, LONGEST_PERIOD + Duration::from_nanos(1), 1),
        ];
        for (events, period, mistakes) in table {
            let found = RateLimit::new(events, period).check().err().map_or(0, |error| error.problems().len());
            assert_eq!(found, mistakes, "{events} in {period:?}");
        }
    }

    #[test]
    fn a_burst_is_a_tenth_and_at_least_one() {
        for (events, burst) in [(1, 1), (10, 1), (19, 1), (20, 2), (1_000, 100)] {
            assert_eq!(RateLimit::per_second(events).burst(), burst, "{events}");
        }
    }
}
