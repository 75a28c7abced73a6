use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::item::{Item, RETRIES};

/// A delay that outlives every process, where a longer one would leave the clock's range.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// What failed and is not due yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_due: BTreeMap<(Instant, u64), Item>,
    /// Tells apart what is due at the same time, and gives what came due its place. Never used twice, so that a
    /// reference to an earlier attempt finds nothing.
    serial: u64,
}

impl Waiting {
    pub(super) fn put(&mut self, item: Item, now: Instant, delay: Duration) {
        let due = now.checked_add(delay.min(FOR_EVER)).unwrap_or(now);
        self.serial += 1;
        self.by_due.insert((due, self.serial), item);
    }

    /// Takes the first one that is due, under the place that it has from now on.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Item> {
        let first = self.by_due.first_entry().filter(|first| first.key().0 <= now)?;
        let due = first.key().0;
        let mut item = first.remove();
        self.serial += 1;
        (item.place, item.since) = ((RETRIES, self.serial), due);
        Some(item)
    }

    /// When the first one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_due.first_key_value().map(|((due, _), _)| *due)
    }

    pub(super) fn len(&self) -> usize {
        self.by_due.len()
    }

    /// All of them, and when they are due.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Instant, &Item)> {
        self.by_due.iter().map(|((due, _), item)| (*due, item))
    }

    /// How many are due.
    pub(super) fn due(&self, now: Instant) -> usize {
        self.by_due.range(..=(now, u64::MAX)).count()
    }

    /// The first one that is due.
    pub(super) fn first_due(&self, now: Instant) -> Option<&Item> {
        self.by_due.first_key_value().filter(|((due, _), _)| *due <= now).map(|(_, item)| item)
    }
}
