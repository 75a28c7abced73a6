use std::{fmt, str::FromStr};

use tekup_core::{Error, ErrorKind, Result};

use crate::place::shown;

/// Which readers a change must not break.
///
/// A *transitive* mode looks at all versions of the major, the others at the version before only.
///
/// ```
/// use tekup_contracts::Mode;
/// assert_eq!(Mode::default(), Mode::FullTransitive);
/// assert_eq!("backward".parse::<Mode>()?, Mode::Backward);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// New readers read what the version before wrote: readers are deployed first.
    Backward,
    /// New readers read what every version wrote.
    BackwardTransitive,
    /// Readers of the version before read what is written now: writers may be deployed first.
    Forward,
    /// Readers of every version read what is written now.
    ForwardTransitive,
    /// Both, with the version before: the order of deploys does not matter.
    Full,
    /// Both, with every version: stored events may be as old as they like. The default.
    #[default]
    FullTransitive,
}

impl Mode {
    /// All of them.
    ///
    /// ```
    /// assert_eq!(tekup_contracts::Mode::ALL.len(), 6);
    /// ```
    pub const ALL: [Self; 6] = [
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// Its name, as it is written in options and files.
    ///
    /// ```
    /// assert_eq!(tekup_contracts::Mode::FullTransitive.as_str(), "full-transitive");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::BackwardTransitive => "backward-transitive",
            Self::Forward => "forward",
            Self::ForwardTransitive => "forward-transitive",
            Self::Full => "full",
            Self::FullTransitive => "full-transitive",
        }
    }

    pub(super) const fn is_backward(self) -> bool {
        !matches!(self, Self::Forward | Self::ForwardTransitive)
    }

    pub(super) const fn is_forward(self) -> bool {
        !matches!(self, Self::Backward | Self::BackwardTransitive)
    }

    pub(super) const fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::new(
                ErrorKind::InvalidInput,
                format!("compatibility mode `{}` is unknown: write one of {known}", shown(text)),
            )
        })
    }
}
