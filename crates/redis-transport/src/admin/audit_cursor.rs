use std::cmp::Ordering;

use tekup_core::{Error, ErrorKind, Result};

/// The source of actions; that of the events of a partition is its number and one.
pub(super) const ACTIONS: usize = 0;

/// Where a record stands among all: the newest first, of one millisecond by source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) ms: u64,
    pub(super) source: usize,
    /// An action's id, or the number of an entry within its millisecond.
    pub(super) tail: String,
}

impl Position {
    pub(super) fn of_action(place: &[u8]) -> Option<Self> {
        let (ms, id) = std::str::from_utf8(place).ok()?.split_once('-')?;
        Some(Self { ms: ms.parse().ok()?, source: ACTIONS, tail: id.into() })
    }

    pub(super) fn of_event(partition: usize, entry: &str) -> Option<Self> {
        let (ms, number) = entry.split_once('-')?;
        Some(Self { ms: ms.parse().ok()?, source: partition + 1, tail: number.into() })
    }

    /// Opaque to callers: `<ms>.<source>.<tail>`.
    pub(super) fn write(&self) -> String {
        format!("{}.{}.{}", self.ms, self.source, self.tail)
    }

    /// # Errors
    /// [`ErrorKind::InvalidInput`] for what [`write`](Self::write) never writes.
    pub(super) fn read(text: &str, partitions: usize) -> Result<Self> {
        let read = Self::parse(text).filter(|position| position.source <= partitions && position.write() == text);
        read.ok_or_else(|| {
            let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
            let message =
                format!("`{shown}` is no place in a list of audit records: give the `next` of the page before");
            Error::new(ErrorKind::InvalidInput, message)
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (ms, source) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let tail = parts.next().filter(|tail| (1..=128).contains(&tail.len()))?;
        let is_sound = source == ACTIONS || tail.parse::<u64>().is_ok();
        (ms > 0 && is_sound).then(|| Self { ms, source, tail: tail.into() })
    }

    /// What comes after this position is before that place among the actions.
    pub(super) fn bound_of_actions(&self) -> String {
        match self.source {
            ACTIONS => format!("({:013}-{}", self.ms, self.tail),
            _ => format!("({:013}", self.ms),
        }
    }

    /// What comes after this position has such an entry at most.
    pub(super) fn bound_of_events(&self, partition: usize) -> String {
        match (partition + 1).cmp(&self.source) {
            Ordering::Less => format!("({}-0", self.ms),
            Ordering::Equal => format!("({}-{}", self.ms, self.tail),
            Ordering::Greater => self.ms.to_string(),
        }
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |position: &Self| position.tail.parse::<u64>().unwrap_or_default();
        let tails = match self.source {
            ACTIONS => other.tail.cmp(&self.tail),
            _ => number(other).cmp(&number(self)),
        };
        other.ms.cmp(&self.ms).then(self.source.cmp(&other.source)).then(tails)
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_as_it_was_written_and_nothing_else_is_one() {
        for text in ["1757844930123.0.018f6c9a-0000-7000-8000-000000000016", "1757844930123.8.18446744073709551615"] {
            assert_eq!(Position::read(text, 8).unwrap().write(), text);
        }
        let long = format!("1.0.{}", "a".repeat(129));
        for text in ["", "1", "1.0", "1.0.", "0.0.a", "1.9.1", "1.1.x", "01.1.1", "1.+1.1", "-1.0.a", &long] {
            assert_eq!(Position::read(text, 8).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn what_comes_after_a_position_is_asked_for_and_nothing_twice() {
        let action = Position::read("1757844930123.0.b-1", 8).unwrap();
        assert_eq!(action.bound_of_actions(), "(1757844930123-b-1");
        assert_eq!(action.bound_of_events(0), "1757844930123");
        let event = Position::read("1757844930123.3.7", 8).unwrap();
        assert_eq!(event.bound_of_actions(), "(1757844930123");
        let bounds = [1, 2, 3].map(|partition| event.bound_of_events(partition));
        assert_eq!(bounds, ["(1757844930123-0", "(1757844930123-7", "1757844930123"]);
    }

    #[test]
    fn the_newest_comes_first() {
        let in_order =
            ["9.0.b", "9.0.a", "9.1.10", "9.1.9", "9.2.1", "8.0.z"].map(|text| Position::read(text, 8).unwrap());
        assert!(in_order.is_sorted() && in_order.iter().min() == in_order.first());
    }
}
