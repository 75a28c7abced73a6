use std::time::Duration;

use crate::{
    error::{Error, ErrorKind, Result},
    timestamp::Timestamp,
};

/// When an event that is published later comes.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::{EventBus, transport::{Due, Outgoing}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("billing")?;
/// let mut reminder = Outgoing::unchecked("acme".parse()?, "invoice.reminded".parse()?, "{}");
/// reminder.due = Some(Due::After(Duration::from_secs(3_600)));
/// bus.publish(reminder).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// So long after it is stored, by the store's clock.
    After(Duration),
    /// At that time, by the store's clock.
    At(Timestamp),
}

impl Due {
    /// The longest that an event may wait: 366 days.
    ///
    /// ```
    /// use tekup_core::transport::Due;
    /// assert_eq!(Due::LONGEST.as_secs(), 366 * 86_400);
    /// ```
    pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

    /// Whether it lies between now and 366 days from now; the bus asks before it publishes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a time that is past, and for one that is too far ahead.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{Timestamp, transport::Due};
    ///
    /// let now = Timestamp::now();
    /// assert!(Due::At(now).check(now).is_ok());
    /// assert!(Due::At(Timestamp::from_unix_millis(0)?).check(now).is_err());
    /// assert!(Due::After(Duration::from_secs(100 * 366 * 86_400)).check(now).is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn check(self, now: Timestamp) -> Result<()> {
        let problem = match self {
            Self::After(delay) if delay > Self::LONGEST => {
                format!("delay of {} s is too long: use at most 366 days", delay.as_secs())
            }
            Self::At(time) if time < now => {
                format!("event is to come at {time}, which is past: name a time to come, or none to publish it now")
            }
            Self::At(time) if time.since(now) > Self::LONGEST => {
                format!("event is to come at {time}, which is too far ahead: use at most 366 days from now")
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidInput, problem))
    }

    /// How long there is to wait, when the store's clock says `now`; zero if the time has come.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{Timestamp, transport::Due};
    ///
    /// let (now, then) = (Timestamp::from_unix_millis(0)?, Timestamp::from_unix_millis(1_500)?);
    /// assert_eq!(Due::At(then).wait(now), Duration::from_millis(1_500));
    /// assert_eq!(Due::At(now).wait(then), Duration::ZERO);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::After(delay) => delay,
            Self::At(time) => time.since(now),
        }
    }
}

/// What became of the wish to cancel an event.
///
/// ```
/// use tekup_core::transport::Cancellation;
/// assert_eq!(Cancellation::TooLate.to_string(), "too_late");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "only `Cancelled` says that this call has prevented the event"]
pub enum Cancellation {
    /// It waited for its time, and will never come.
    Cancelled,
    /// It had been cancelled before.
    AlreadyCancelled,
    /// It is published already: its subscriptions have it, or will get it. Or its time came and what is stored of it could
    /// not be read: then its status is failed.
    TooLate,
    /// The tenant has no such event, or it came, or was cancelled, longer ago than ids are remembered.
    Unknown,
}

impl Cancellation {
    /// A stable name.
    ///
    /// ```
    /// use tekup_core::transport::Cancellation;
    /// assert_eq!(Cancellation::AlreadyCancelled.as_str(), "already_cancelled");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::AlreadyCancelled => "already_cancelled",
            Self::TooLate => "too_late",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the event will not come, whoever saw to it.
    ///
    /// ```
    /// use tekup_core::transport::Cancellation;
    /// assert!(Cancellation::AlreadyCancelled.holds() && !Cancellation::TooLate.holds());
    /// ```
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Cancelled | Self::AlreadyCancelled)
    }
}

impl std::fmt::Display for Cancellation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    #[test]
    fn a_time_must_lie_between_now_and_366_days_from_now() {
        let (now, day) = (at(1_000_000), 86_400_000);
        let good = [at(1_000_000), at(1_000_001), at(1_000_000 + 366 * day)];
        assert!(good.into_iter().all(|time| Due::At(time).check(now).is_ok()));
        let bad = [(at(999_999), "which is past"), (at(1_000_001 + 366 * day), "too far ahead"), (at(-1), "past")];
        for (time, said) in bad {
            let message = Due::At(time).check(now).unwrap_err().to_string();
            assert!(message.contains(said) && message.contains(&time.to_string()), "{message}");
        }
    }

    #[test]
    fn a_delay_must_not_be_longer_than_366_days() {
        let now = at(0);
        assert!([Duration::ZERO, Due::LONGEST].into_iter().all(|delay| Due::After(delay).check(now).is_ok()));
        for delay in [Due::LONGEST + Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(Due::After(delay).check(now).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
