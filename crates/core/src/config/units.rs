//! Durations as whole numbers of a unit.

use std::time::Duration;

pub(super) const MILLI: Duration = Duration::from_millis(1);

/// What is wrong with a duration out of its range, in the unit of its field: what is to be written there.
pub(super) fn out_of_range(field: &str, value: Duration, least: Duration, most: Duration, unit: Duration) -> String {
    let [value, least, most] = [value, least, most].map(|duration| duration.div_duration_f64(unit));
    format!("{field} is {value}: use {least} to {most}")
}

macro_rules! unit {
    ($name:ident, $to:ident, $from:ident) => {
        pub(crate) mod $name {
            use std::time::Duration;

            use serde::{Deserialize, Deserializer, Serializer};

            pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(u64::try_from(value.$to()).unwrap_or(u64::MAX))
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
                u64::deserialize(deserializer).map(Duration::$from)
            }
        }
    };
}

unit!(millis, as_millis, from_millis);
unit!(seconds, as_secs, from_secs);
