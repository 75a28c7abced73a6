use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::traces::Traces;
use crate::{
    ids::{EventId, EventType, TenantId},
    transport::{Stage, TraceLink, Traced},
};

/// How long ids and status are kept.
pub(super) const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Of how many events they are kept at most: some 200 bytes each.
const MOST: usize = 1_000_000;

/// What is known of the events of the last 24 hours, and of the newest million at most: their ids, and where they stand.
///
/// Events are numbered without a gap in the order in which they are stored, and forgotten in the same order.
#[derive(Debug)]
pub(super) struct Index {
    numbers: HashMap<(TenantId, EventId), u64>,
    records: VecDeque<Record>,
    pub(super) traces: Traces,
    /// The number of the first record.
    first: u64,
    /// How many records are kept at most.
    most: usize,
}

#[derive(Debug)]
struct Record {
    key: (TenantId, EventId),
    stored: Instant,
    marks: Vec<Mark>,
    /// Cancelled before its time came: it was never stored for anybody.
    cancelled: bool,
    /// Under which correlation it is traced.
    correlation: Option<String>,
}

/// Where an event stands for one subscription.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) subscription: u32,
    pub(super) stage: Stage,
    pub(super) failures: u32,
}

impl Default for Index {
    fn default() -> Self {
        Self { numbers: HashMap::new(), records: VecDeque::new(), traces: Traces::default(), first: 0, most: MOST }
    }
}

impl Index {
    pub(super) fn knows(&self, key: &(TenantId, EventId)) -> bool {
        self.numbers.contains_key(key)
    }

    /// Notes a new event as pending for each of its subscriptions; answers its number.
    pub(super) fn add(&mut self, key: (TenantId, EventId), stored: Instant, route: &[u32]) -> u64 {
        let pending = |subscription: &u32| Mark { subscription: *subscription, stage: Stage::Pending, failures: 0 };
        self.push(Record {
            key,
            stored,
            marks: route.iter().map(pending).collect(),
            cancelled: false,
            correlation: None,
        })
    }

    /// Notes that an event will never come.
    pub(super) fn add_cancelled(&mut self, key: (TenantId, EventId), now: Instant) {
        self.push(Record { key, stored: now, marks: Vec::new(), cancelled: true, correlation: None });
    }

    fn push(&mut self, record: Record) -> u64 {
        if self.records.len() >= self.most {
            self.forget_oldest();
        }
        let number = self.first + self.records.len() as u64;
        self.numbers.insert(record.key.clone(), number);
        self.records.push_back(record);
        number
    }

    /// Traces the event that was added last.
    pub(super) fn trace(&mut self, link: TraceLink, event_type: EventType) {
        let Some(record) = self.records.back_mut() else { return };
        let (tenant, id) = record.key.clone();
        let traced = Traced { id, event_type, cause: link.cause };
        // What had no room is not there to be forgotten with the record.
        if self.traces.add(tenant, link.correlation.clone(), traced) {
            record.correlation = Some(link.correlation);
        }
    }

    /// Notes an event as pending for one more subscription, the newest of all.
    pub(super) fn join(&mut self, number: u64, subscription: u32) {
        if let Some(record) = self.record_at(number) {
            record.marks.push(Mark { subscription, stage: Stage::Pending, failures: 0 });
        }
    }

    /// Notes where an event stands now, unless it is forgotten.
    pub(super) fn mark(&mut self, number: u64, mark: Mark) {
        let Some(record) = self.record_at(number) else { return };
        // In order, as the route was.
        let Ok(at) = record.marks.binary_search_by_key(&mark.subscription, |known| known.subscription) else { return };
        if let Some(known) = record.marks.get_mut(at) {
            *known = mark;
        }
    }

    fn record_at(&mut self, number: u64) -> Option<&mut Record> {
        let offset = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.records.get_mut(offset)
    }

    /// Whether the event is one that will never come.
    pub(super) fn is_cancelled(&mut self, key: &(TenantId, EventId)) -> bool {
        let number = self.numbers.get(key).copied();
        number.and_then(|number| self.record_at(number)).is_some_and(|record| record.cancelled)
    }

    /// Where an event stands; `None` if it is unknown.
    pub(super) fn marks(&mut self, key: &(TenantId, EventId)) -> Option<&[Mark]> {
        let number = *self.numbers.get(key)?;
        self.record_at(number).map(|record| record.marks.as_slice())
    }

    /// Forgets what was stored before the window.
    pub(super) fn forget(&mut self, now: Instant) {
        while self.records.front().is_some_and(|oldest| now.duration_since(oldest.stored) >= WINDOW) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(record) = self.records.pop_front() {
            self.numbers.remove(&record.key);
            self.first += 1;
            if let Some(correlation) = record.correlation {
                self.traces.forget(&(record.key.0, correlation));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_events_than_it_may_keep_it_knows_the_newest() {
        let mut index = Index { most: 2, ..Index::default() };
        let keys: Vec<_> = (0..3).map(|_| ("acme".parse().unwrap(), EventId::generate())).collect();
        let numbers = keys.iter().map(|key: &(TenantId, EventId)| index.add(key.clone(), Instant::now(), &[5]));
        assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 2]);
        for number in 0..3 {
            index.mark(number, Mark { subscription: 5, stage: Stage::Completed, failures: 0 });
        }
        assert!(!index.knows(&keys[0]) && index.marks(&keys[0]).is_none());
        for key in &keys[1..] {
            assert_eq!(index.marks(key).unwrap()[0].stage, Stage::Completed);
        }
    }
}
