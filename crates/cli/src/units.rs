//! Times as people read and write them.

use std::time::Duration;

use tekup_core::Timestamp;

/// The two largest units of a time at most: `350 ms`, `3.4 s`, `2 h 5 min`, `3 d`.
pub(crate) fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => pair(seconds, 60, "min", 1, "s"),
        3_600..86_400 => pair(seconds, 3_600, "h", 60, "min"),
        _ => pair(seconds, 86_400, "d", 3_600, "h"),
    }
}

fn pair(seconds: u64, large: u64, name: &str, small: u64, rest: &str) -> String {
    match seconds % large / small {
        0 => format!("{} {name}", seconds / large),
        left => format!("{} {name} {left} {rest}", seconds / large),
    }
}

/// As [`short`], or a dash.
pub(crate) fn short_or_none(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".into(), short)
}

/// A time as it is written, or a dash.
pub(crate) fn at_or_none(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".into(), |time| time.to_string())
}

/// A point in time: written as one, or as how long ago.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let ago = humantime::parse_duration(text)
        .map_err(|_| "write a time such as `2026-03-01T12:00:00Z`, or how long ago, such as `2h`".to_owned())?;
    let ago = i64::try_from(ago.as_millis()).map_err(|_| "that is too long ago".to_owned())?;
    Timestamp::from_unix_millis(Timestamp::now().unix_millis().saturating_sub(ago)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        let table = [
            (0, "0 ms"),
            (350, "350 ms"),
            (3_400, "3.4 s"),
            (59_000, "59.0 s"),
            (60_000, "1 min"),
            (61_000, "1 min 1 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (3 * 86_400_000 + 7_200_000, "3 d 2 h"),
        ];
        for (ms, told) in table {
            assert_eq!(short(Duration::from_millis(ms)), told);
        }
    }

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        assert_eq!(moment("2026-03-01T12:00:00Z").unwrap().to_string(), "2026-03-01T12:00:00.000Z");
        let two_hours = Timestamp::now().since(moment("2h").unwrap());
        assert!((7_200..7_260).contains(&two_hours.as_secs()), "{two_hours:?}");
        for wrong in ["", "yesterday", "2026-03-01", "-2h", "999999999999y"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
