use std::{fmt, str::FromStr};

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result, shown};

/// The version of an event's data shape: `major.minor.patch`.
///
/// ```
/// use tekup_core::SchemaVersion;
///
/// let version: SchemaVersion = "1.2.0".parse()?;
/// assert!(version > "1.0.9".parse()?);
/// assert_eq!(version.major(), 1);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaVersion(Version);

impl SchemaVersion {
    /// The version `major.minor.patch`.
    ///
    /// ```
    /// use tekup_core::SchemaVersion;
    /// assert_eq!(SchemaVersion::new(1, 2, 3).to_string(), "1.2.3");
    /// ```
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(Version::new(major, minor, patch))
    }

    /// The major number: a change of it may break readers.
    ///
    /// ```
    /// assert_eq!(tekup_core::SchemaVersion::new(2, 0, 1).major(), 2);
    /// ```
    #[must_use]
    pub fn major(&self) -> u64 {
        self.0.major
    }
}

impl Default for SchemaVersion {
    /// `1.0.0`, as in an envelope that names no version.
    fn default() -> Self {
        Self::new(1, 0, 0)
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for SchemaVersion {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        // The length is bounded first: a pre-release part may be as long as it likes.
        let parsed = (text.len() <= 64).then(|| Version::parse(text));
        match parsed {
            Some(Ok(version)) => Ok(Self(version)),
            other => {
                let message = format!(
                    "schema version `{}` is no version: write `major.minor.patch`, such as `1.0.0`",
                    shown(text)
                );
                let error = Error::new(ErrorKind::InvalidInput, message);
                Err(match other {
                    Some(Err(cause)) => error.with_source(cause),
                    _ => error,
                })
            }
        }
    }
}

impl TryFrom<&str> for SchemaVersion {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl Serialize for SchemaVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SchemaVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_none_is_refused_by_name() {
        for text in ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0.0", "*", &"1".repeat(70)] {
            let message = text.parse::<SchemaVersion>().unwrap_err().to_string();
            assert!(message.contains("is no version"), "{message}");
        }
    }
}
