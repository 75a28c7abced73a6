use super::Due;
use crate::{
    error::{Error, ErrorKind, Result},
    timestamp::Timestamp,
};

/// Where a subscription starts that is registered for the first time.
///
/// ```
/// use tekup_core::{Subscription, RawEvent, transport::StartAt};
///
/// let audit = Subscription::matching("audit", "*").start_at(StartAt::Beginning).handler(async |_: RawEvent, _| ());
/// # drop(audit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StartAt {
    /// With what is published from now on.
    #[default]
    Now,
    /// With all that the store still has: surely what some other subscription has neither begun nor given back for a
    /// retry. What all of them have settled may be gone, and so may what nobody takes.
    Beginning,
    /// With what is stored at that time or later, by the store's clock. Of a time that is past, what the store still has,
    /// as [`Beginning`](Self::Beginning) says; of one to come, nothing that is stored before it, whatever restarts.
    At(Timestamp),
}

impl StartAt {
    /// Whether a subscription may start there: since 1970, and at most 366 days from now.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] that names the time.
    ///
    /// ```
    /// use tekup_core::{Timestamp, transport::StartAt};
    ///
    /// let now = Timestamp::now();
    /// assert!(StartAt::At(Timestamp::from_unix_millis(0)?).check(now).is_ok());
    /// assert!(StartAt::At("2199-01-01T00:00:00Z".parse()?).check(now).is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn check(self, now: Timestamp) -> Result<()> {
        let Self::At(time) = self else { return Ok(()) };
        let problem = if time.unix_millis() < 0 {
            "which is before 1970: use `StartAt::Beginning` for all that the store has"
        } else if time.since(now) > Due::LONGEST {
            "which is too far ahead: use at most 366 days from now"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidInput, format!("subscription is to start at {time}, {problem}")))
    }
}
