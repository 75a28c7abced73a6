//! How urgent an event is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result, shown};

/// How urgent an event is, or how large a subscription's share of its service's handlers.
///
/// Higher goes first, and nothing starves: with all four waiting, 8 critical, 4 high, 2 medium and 1 low are taken in
/// every 15.
///
/// ```
/// use tekup_core::Priority;
///
/// assert!(Priority::Critical > Priority::Low);
/// assert_eq!(Priority::default(), Priority::Medium);
/// assert_eq!("high".parse::<Priority>()?, Priority::High);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Can wait behind everything else.
    Low,
    /// The default.
    #[default]
    Medium,
    /// Before medium.
    High,
    /// Before everything else.
    Critical,
}

impl Priority {
    /// All four, the highest first.
    ///
    /// ```
    /// use tekup_core::Priority;
    /// assert_eq!(Priority::ALL[0], Priority::Critical);
    /// ```
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The lower-case name.
    ///
    /// ```
    /// assert_eq!(tekup_core::Priority::High.as_str(), "high");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The share that this priority gets while all four wait: 8, 4, 2 or 1.
    ///
    /// ```
    /// use tekup_core::Priority;
    /// assert_eq!(Priority::ALL.map(Priority::weight), [8, 4, 2, 1]);
    /// ```
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 4,
            Self::Critical => 8,
        }
    }

    /// Where it stands in [`Priority::ALL`].
    pub(crate) const fn rank(self) -> usize {
        match self {
            Self::Critical => 0,
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text).ok_or_else(|| {
            let message = format!("priority `{}` is unknown: use low, medium, high or critical", shown(text));
            Error::new(ErrorKind::InvalidInput, message)
        })
    }
}
