//! When a failed attempt is followed by another one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{config::units, error::Problems, handler::Advice};

/// The longest delay between two attempts.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// How often, and after which delays, an event is attempted again. A pure function of what failed.
///
/// Attempts count deliveries, the first included: 1 to 1,000. Delays are at most 7 days; with *full jitter* each is
/// drawn evenly between zero and the computed one, so that what failed together does not come back together.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::RetryPolicy;
///
/// let policy = RetryPolicy::exponential(4, Duration::from_secs(2)).without_jitter();
/// assert_eq!(policy.delay_after(1), Some(Duration::from_secs(2)));
/// assert_eq!(policy.delay_after(3), Some(Duration::from_secs(8)));
/// assert_eq!(policy.delay_after(4), None);
/// ```
///
/// Written, it is told as `attempts`, `firstDelayMs`, `growth` (`none` or `double`), `longestDelayMs` and `jitter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    attempts: u32,
    #[serde(rename = "firstDelayMs", with = "units::millis")]
    first: Duration,
    growth: Growth,
    #[serde(rename = "longestDelayMs", with = "units::millis")]
    cap: Duration,
    jitter: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Growth {
    None,
    Double,
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    RetryAfter(Duration),
    /// The last allowed attempt failed.
    Exhausted,
    /// The handler said that no attempt will ever succeed.
    Rejected,
}

impl RetryPolicy {
    /// Delays that double from `first` up to 5 minutes, with full jitter.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RetryPolicy;
    /// assert_eq!(RetryPolicy::exponential(5, Duration::from_secs(2)).attempts(), 5);
    /// ```
    #[must_use]
    pub const fn exponential(attempts: u32, first: Duration) -> Self {
        Self { attempts, first, growth: Growth::Double, cap: Duration::from_secs(300), jitter: true }
    }

    /// The same delay each time, without jitter.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RetryPolicy;
    /// let policy = RetryPolicy::fixed(3, Duration::from_secs(10));
    /// assert_eq!(policy.delay_after(2), Some(Duration::from_secs(10)));
    /// ```
    #[must_use]
    pub const fn fixed(attempts: u32, delay: Duration) -> Self {
        Self { attempts, first: delay, growth: Growth::None, cap: LONGEST_DELAY, jitter: false }
    }

    /// One attempt only.
    ///
    /// ```
    /// use tekup_core::RetryPolicy;
    /// assert_eq!(RetryPolicy::none().delay_after(1), None);
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self::fixed(1, Duration::ZERO)
    }

    /// No delay is longer than this.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RetryPolicy;
    /// let policy = RetryPolicy::exponential(9, Duration::from_secs(1)).cap(Duration::from_secs(3)).without_jitter();
    /// assert_eq!(policy.delay_after(8), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub const fn cap(mut self, longest: Duration) -> Self {
        self.cap = longest;
        self
    }

    /// Exact delays: what failed together comes back together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RetryPolicy;
    /// let policy = RetryPolicy::exponential(3, Duration::from_secs(1)).without_jitter();
    /// assert_eq!(policy.delay_after(2), Some(Duration::from_secs(2)));
    /// ```
    #[must_use]
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = false;
        self
    }

    /// How many attempts are made at most, the first included.
    ///
    /// ```
    /// use tekup_core::RetryPolicy;
    /// assert_eq!(RetryPolicy::default().attempts(), 3);
    /// ```
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether each delay is drawn between zero and the computed one.
    ///
    /// ```
    /// use tekup_core::RetryPolicy;
    /// assert!(RetryPolicy::default().is_jittered() && !RetryPolicy::default().without_jitter().is_jittered());
    /// ```
    #[must_use]
    pub const fn is_jittered(&self) -> bool {
        self.jitter
    }

    /// The longest delay that may follow after so many failed attempts, or `None` if no attempt is left.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::RetryPolicy;
    /// assert_eq!(RetryPolicy::default().delay_after(1), Some(Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub fn delay_after(&self, failures: u32) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let doublings = match self.growth {
            Growth::None => 0,
            Growth::Double => failures.saturating_sub(1).min(31),
        };
        Some(self.first.saturating_mul(1 << doublings).min(self.cap).min(LONGEST_DELAY))
    }

    /// What follows after so many failed attempts, given what the handler advised and a random number in 0..1.
    pub(crate) fn decide(&self, failures: u32, advice: Advice, random: f64) -> Decision {
        match (self.delay_after(failures), advice) {
            (_, Advice::Permanent) => Decision::Rejected,
            (None, _) => Decision::Exhausted,
            (Some(_), Advice::After(delay)) => Decision::RetryAfter(delay.min(LONGEST_DELAY)),
            (Some(delay), Advice::Policy) if self.jitter => Decision::RetryAfter(delay.mul_f64(random.clamp(0.0, 1.0))),
            (Some(delay), Advice::Policy) => Decision::RetryAfter(delay),
        }
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.check((1..=1_000).contains(&self.attempts), || {
            format!("retry attempts are {}: use 1 to 1,000, the first delivery included", self.attempts)
        });
        for (what, delay) in [("first retry delay", self.first), ("retry delay cap", self.cap)] {
            problems.check(delay <= LONGEST_DELAY, || format!("{what} is {delay:?}: use at most 7 days"));
        }
    }
}

/// Three attempts, with a first delay of one second.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self::exponential(3, Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_failure_is_answered_by_the_policy_and_the_handlers_advice() {
        let doubling = RetryPolicy::exponential(4, SECOND).cap(3 * SECOND);
        let exact = doubling.clone().without_jitter();
        let after = Decision::RetryAfter;
        let table: [(&RetryPolicy, u32, Advice, f64, Decision); 12] = [
            (&exact, 1, Advice::Policy, 0.9, after(SECOND)),
            (&exact, 2, Advice::Policy, 0.9, after(2 * SECOND)),
            (&exact, 3, Advice::Policy, 0.9, after(3 * SECOND)),
            (&exact, 4, Advice::Policy, 0.9, Decision::Exhausted),
            (&exact, 1, Advice::Permanent, 0.9, Decision::Rejected),
            (&exact, 9, Advice::Permanent, 0.9, Decision::Rejected),
            (&exact, 1, Advice::After(9 * SECOND), 0.9, after(9 * SECOND)),
            (&exact, 4, Advice::After(9 * SECOND), 0.9, Decision::Exhausted),
            (&exact, 1, Advice::After(Duration::MAX), 0.9, after(LONGEST_DELAY)),
            (&doubling, 2, Advice::Policy, 0.5, after(SECOND)),
            (&doubling, 2, Advice::Policy, 0.0, after(Duration::ZERO)),
            (&RetryPolicy::none(), 1, Advice::Policy, 0.5, Decision::Exhausted),
        ];
        for (policy, failures, advice, random, expected) in table {
            assert_eq!(policy.decide(failures, advice, random), expected, "{policy:?} {failures} {advice:?}");
        }
    }

    #[test]
    fn no_number_of_failures_overflows_the_delay() {
        let policy = RetryPolicy::exponential(u32::MAX, Duration::MAX).cap(Duration::MAX);
        assert_eq!(policy.delay_after(u32::MAX - 1), Some(LONGEST_DELAY));
    }

    #[test]
    fn absurd_policies_are_refused_with_every_mistake() {
        let mut problems = Problems::default();
        RetryPolicy::exponential(0, Duration::MAX).cap(Duration::MAX).check(&mut problems);
        let error = problems.into_result(crate::ErrorKind::InvalidInput).unwrap_err();
        assert_eq!(error.problems().len(), 3, "{error}");
    }
}
