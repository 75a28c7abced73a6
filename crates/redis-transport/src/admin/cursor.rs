use std::cmp::Ordering;

use tekup_core::{Error, ErrorKind, Result};

/// Where a dead letter stands among all of its subscription: by time, then partition, then member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) died_ms: u64,
    pub(super) partition: usize,
    pub(super) member: Vec<u8>,
}

/// Where the next page begins in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin<'a> {
    First,
    /// With the first that died then.
    From(u64),
    /// Behind all that died then.
    Past(u64),
    /// Behind that member.
    After(u64, &'a [u8]),
}

impl Position {
    /// Opaque to callers: `<ms>.<partition>.<member in hexadecimal digits>`.
    pub(super) fn write(&self) -> String {
        let member: String = self.member.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}.{}.{member}", self.died_ms, self.partition)
    }

    /// # Errors
    /// [`ErrorKind::InvalidInput`] for what [`write`](Self::write) never writes.
    pub(super) fn read(text: &str, partitions: usize) -> Result<Self> {
        let read = Self::parse(text).filter(|position| position.partition < partitions && position.write() == text);
        read.ok_or_else(|| {
            let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
            let message =
                format!("`{shown}` is no place in a list of dead letters: give the `next` of the page before");
            Error::new(ErrorKind::InvalidInput, message)
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (died_ms, partition, member) = (parts.next()?, parts.next()?, parts.next()?);
        let member = unhex(member).filter(|member| (16..=16 + 128).contains(&member.len()))?;
        Some(Self { died_ms: died_ms.parse().ok()?, partition: partition.parse().ok()?, member })
    }

    /// What comes after this position begins there in a partition.
    pub(super) fn begin_in(&self, partition: usize) -> Begin<'_> {
        match partition.cmp(&self.partition) {
            Ordering::Less => Begin::Past(self.died_ms),
            Ordering::Equal => Begin::After(self.died_ms, &self.member),
            Ordering::Greater => Begin::From(self.died_ms),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_what_it_writes() {
        let member = [&[0, 255, 16, 7][..], &[1; 12], b"acme@eu"].concat();
        let position = Position { died_ms: 1_757_844_930_123, partition: 7, member };
        assert_eq!(Position::read(&position.write(), 8).unwrap(), position);
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let member = "00".repeat(16);
        let table = [
            String::new(),
            "1.2".into(),
            format!("1.8.{member}"),
            format!("1.0.{member}0"),
            format!("1.0.{member}g0"),
            format!("01.0.{member}"),
            format!("-1.0.{member}"),
            format!("1.0.{}", "AA".repeat(16)),
            "1.0.00".into(),
            format!("1.0.{}", "00".repeat(145)),
            "\u{202e}\n".repeat(5_000),
        ];
        for text in table {
            let error = Position::read(&text, 8).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().len() < 1_000);
        }
    }

    #[test]
    fn the_next_page_begins_where_the_order_of_partitions_says() {
        let position = Position { died_ms: 5, partition: 1, member: vec![9; 16] };
        assert_eq!(position.begin_in(0), Begin::Past(5));
        assert_eq!(position.begin_in(1), Begin::After(5, &[9; 16]));
        assert_eq!(position.begin_in(2), Begin::From(5));
    }
}
