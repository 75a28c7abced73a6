//! Points in time, as the wire writes them.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result, shown};

/// A point in time in UTC, to the millisecond.
///
/// On the wire: RFC 3339 with always three decimals and `Z`, the form of JavaScript's `toISOString()`. Read: any RFC
/// 3339 time with a zone; what is finer than a millisecond is cut off. Years 0 to 9999.
///
/// ```
/// use tekup_core::Timestamp;
///
/// let time: Timestamp = "2025-09-14T12:15:30+02:00".parse()?;
/// assert_eq!(time.to_string(), "2025-09-14T10:15:30.000Z");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The time on this machine's clock.
    ///
    /// ```
    /// use tekup_core::Timestamp;
    /// assert!(Timestamp::now() > Timestamp::from_unix_millis(0)?);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn now() -> Self {
        let now = Utc::now();
        Self(now.with_nanosecond(now.nanosecond() % 1_000_000_000 / 1_000_000 * 1_000_000).unwrap_or(now))
    }

    /// The time so many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] outside the years 0 to 9999.
    ///
    /// ```
    /// use tekup_core::Timestamp;
    /// assert_eq!(Timestamp::from_unix_millis(1)?.to_string(), "1970-01-01T00:00:00.001Z");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn from_unix_millis(millis: i64) -> Result<Self> {
        DateTime::from_timestamp_millis(millis).and_then(Self::within_range).ok_or_else(|| {
            let message = format!("time {millis} ms is outside the years 0 to 9999: give milliseconds since 1970");
            Error::new(ErrorKind::InvalidInput, message)
        })
    }

    fn within_range(time: DateTime<Utc>) -> Option<Self> {
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// use tekup_core::Timestamp;
    /// assert_eq!(Timestamp::from_unix_millis(1_500)?.unix_millis(), 1_500);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// How long after `earlier` this is; zero if it is before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::Timestamp;
    ///
    /// let (a, b) = (Timestamp::from_unix_millis(0)?, Timestamp::from_unix_millis(250)?);
    /// assert_eq!(b.since(a), Duration::from_millis(250));
    /// assert_eq!(a.since(b), Duration::ZERO);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.unix_millis() - earlier.unix_millis()).unwrap_or(0))
    }

    fn write_into(self, buffer: &mut [u8; 24]) -> &str {
        buffer.copy_from_slice(b"0000-00-00T00:00:00.000Z");
        let time = self.0;
        let parts = [
            (0, 4, u32::try_from(time.year()).unwrap_or(0)),
            (5, 2, time.month()),
            (8, 2, time.day()),
            (11, 2, time.hour()),
            (14, 2, time.minute()),
            (17, 2, time.second()),
            (20, 3, time.nanosecond() % 1_000_000_000 / 1_000_000),
        ];
        for (start, width, mut value) in parts {
            for place in (start..start + width).rev() {
                buffer[place] = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        std::str::from_utf8(buffer).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_into(&mut [0; 24]))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = Error;
    fn try_from(time: DateTime<Utc>) -> Result<Self> {
        Self::from_unix_millis(time.timestamp_millis())
    }
}

impl FromStr for Timestamp {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        parsed(text).ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("time `{}` {RULE}", shown(text))))
    }
}

const RULE: &str = "is no RFC 3339 time with a zone: write one like 2025-09-14T10:15:30.123Z";

/// In ASCII and with a `T` in the middle, as others read it; chrono takes a blank there, and other minus signs.
fn parsed(text: &str) -> Option<Timestamp> {
    let is_plain = text.is_ascii() && text.contains(['T', 't']);
    let parsed = DateTime::parse_from_rfc3339(text).ok().filter(|_| is_plain)?;
    DateTime::from_timestamp_millis(parsed.timestamp_millis()).and_then(Timestamp::within_range)
}

/// A time of some data, whose text no error may show.
struct OfData(Timestamp);

impl FromStr for OfData {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        parsed(text).map(Self).ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("time {RULE}")))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write_into(&mut [0; 24]))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::ids::from_text(deserializer).map(|OfData(time)| time)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_three_decimals_and_a_z() {
        let table = [
            ("2025-09-14T10:15:30.123Z", "2025-09-14T10:15:30.123Z"),
            ("2025-09-14T10:15:30Z", "2025-09-14T10:15:30.000Z"),
            ("2025-09-14T10:15:30.1239Z", "2025-09-14T10:15:30.123Z"),
            ("2025-09-14T01:15:30.5+03:00", "2025-09-13T22:15:30.500Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            // A leap second is the next day's first.
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"),
        ];
        for (read, written) in table {
            assert_eq!(read.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn a_time_without_a_zone_or_outside_the_years_is_refused_by_name() {
        for text in [
            "",
            "2025-09-14",
            "2025-09-14T10:15:30",
            "2025-09-14 10:15:30Z",
            "2025-09-14T10:15:30\u{2212}02:00",
            "tomorrow",
            "+12025-01-01T00:00:00Z",
            "0000-01-01T00:00:00+23:00",
            "9999-12-31T23:59:60Z",
        ] {
            let message = text.parse::<Timestamp>().unwrap_err().to_string();
            assert!(message.contains("no RFC 3339 time with a zone"), "{message}");
        }
    }

    #[test]
    fn now_has_no_fraction_of_a_millisecond() {
        let now = Timestamp::now();
        assert_eq!(now, now.to_string().parse().unwrap());
    }
}
