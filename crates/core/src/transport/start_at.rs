use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Due;
use crate::{
    error::{Error, ErrorKind, Result, shown},
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
///
/// Written, it is `now`, `beginning` or the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
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

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Beginning => f.write_str("beginning"),
            Self::At(time) => time.fmt(f),
        }
    }
}

impl From<StartAt> for String {
    fn from(start: StartAt) -> Self {
        start.to_string()
    }
}

impl FromStr for StartAt {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidInput`] for what is neither a word of these nor a time.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "now" => Ok(Self::Now),
            "beginning" => Ok(Self::Beginning),
            time => time.parse().map(Self::At).map_err(|cause| {
                let message = format!("start `{}` is none: write now, beginning or a time", shown(time));
                Error::new(ErrorKind::InvalidInput, message).with_source(cause)
            }),
        }
    }
}

impl TryFrom<String> for StartAt {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_as_it_was_written() {
        for text in ["now", "beginning", "2026-03-01T12:00:00.000Z"] {
            assert_eq!(text.parse::<StartAt>().unwrap().to_string(), text);
        }
        assert!("soon".parse::<StartAt>().unwrap_err().to_string().contains("`soon`"));
    }
}
