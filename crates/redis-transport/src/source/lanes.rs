//! The streams that a source reads, and which of them are known to hold something.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tekup_core::{Pattern, Priority, SubscriptionId};

use crate::keys::PartitionKeys;

/// One stream that a source reads.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) partition: usize,
    /// `<type>:<priority>`; empty for a retry stream.
    pub(super) name: String,
    pub(super) key: String,
    /// Within its partition, from 1; 0 for a retry stream.
    pub(super) number: u32,
    pub(super) priority: Priority,
    /// Whether it may hold something that was not handed out.
    hot: AtomicBool,
    /// Whether it gave all that it was asked for when it was last read.
    deep: AtomicBool,
    /// Whether something was acked since it was last trimmed.
    dirty: AtomicBool,
    /// Whether the subscription takes it no more and has settled all of it.
    left: AtomicBool,
}

impl Lane {
    fn new(partition: usize, name: &str, key: String, number: u32) -> Self {
        let priority = priority_of(name).unwrap_or(Priority::High);
        let [hot, deep, dirty, left] = [true, false, false, false].map(AtomicBool::new);
        Self { partition, name: name.to_owned(), key, number, priority, hot, deep, dirty, left }
    }

    pub(super) fn is_retry(&self) -> bool {
        self.number == 0
    }

    pub(super) fn is_hot(&self) -> bool {
        self.hot.load(Relaxed) && !self.has_left()
    }

    pub(super) fn set_hot(&self, hot: bool) {
        self.hot.store(hot, Relaxed);
    }

    pub(super) fn is_deep(&self) -> bool {
        self.deep.load(Relaxed)
    }

    pub(super) fn set_deep(&self, deep: bool) {
        self.deep.store(deep, Relaxed);
    }

    /// It is read now: what it holds beyond that is not known before it answers.
    pub(super) fn cool(&self) {
        self.set_hot(false);
        self.set_deep(false);
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Relaxed)
    }

    pub(super) fn leave(&self) {
        self.left.store(true, Relaxed);
    }

    /// It is read again.
    fn come_back(&self) {
        if self.left.swap(false, Relaxed) {
            self.set_hot(true);
        }
    }

    pub(super) fn mark_dirty(&self) {
        self.dirty.store(true, Relaxed);
    }

    /// Whether it was dirty; it is not any more.
    pub(super) fn take_dirty(&self) -> bool {
        self.dirty.swap(false, Relaxed)
    }
}

/// The priority in a lane's name.
pub(super) fn priority_of(name: &str) -> Option<Priority> {
    name.rsplit_once(':')?.1.parse().ok()
}

/// All streams of a source. They are only ever added, so that a number stands for one stream for ever.
#[derive(Debug)]
pub(super) struct Lanes(RwLock<Table>);

#[derive(Debug)]
pub(super) struct Table {
    /// First the retry stream of each partition, by its number.
    all: Vec<Arc<Lane>>,
    /// For each partition: the number of each lane it has.
    known: Vec<HashMap<u32, Known>>,
}

/// What a number stands for.
#[derive(Debug)]
struct Known {
    name: String,
    /// Its place, if the subscription takes it.
    place: Option<usize>,
}

impl Lanes {
    pub(super) fn new(partitions: &[PartitionKeys], group: &SubscriptionId) -> Self {
        let retry = |(partition, keys): (usize, &PartitionKeys)| Lane::new(partition, "", keys.retry(group), 0);
        let all: Vec<_> = partitions.iter().enumerate().map(retry).map(Arc::new).collect();
        Self(RwLock::new(Table { known: all.iter().map(|_| HashMap::new()).collect(), all }))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the registry of a partition holds.
    pub(super) fn learn(
        &self,
        partition: usize,
        keys: &PartitionKeys,
        registry: &Registry,
        wanted: impl Fn(&str) -> bool,
    ) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (name, number) in &registry.lanes {
            if table.known.get(partition).is_none_or(|known| known.contains_key(number)) {
                continue;
            }
            let place = wanted(name).then(|| table.place(partition, keys, name, *number));
            if let Some(known) = table.known.get_mut(partition) {
                known.insert(*number, Known { name: name.clone(), place });
            }
        }
    }

    /// Whether a lane that was learned of is gone from the registry, or another has its number.
    pub(super) fn misses(&self, partition: usize, registry: &Registry) -> bool {
        let table = self.read();
        let Some(known) = table.known.get(partition) else { return false };
        let same = registry.lanes.iter().filter(|(name, number)| known.get(number).is_some_and(|it| it.name == *name));
        same.count() < known.len()
    }

    /// The names of the lanes of a partition that are read.
    pub(super) fn names(&self, partition: usize) -> HashSet<String> {
        let table = self.read();
        let lanes = table.of_partition(partition).filter(|(_, lane)| !lane.is_retry());
        lanes.map(|(_, lane)| lane.name.clone()).collect()
    }

    /// Takes over what the registry of a partition holds after a repair, and nothing of what was known before: lanes that
    /// are not `read` are left.
    pub(super) fn relearn(&self, partition: usize, keys: &PartitionKeys, registry: &Registry, read: &HashSet<String>) {
        {
            let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
            table.known.get_mut(partition).map(HashMap::clear);
            let is_there = |lane: &Lane| registry.lanes.iter().any(|it| it.0 == lane.name && it.1 == lane.number);
            let gone = table.of_partition(partition).filter(|(_, lane)| !lane.is_retry());
            gone.filter(|(_, lane)| !read.contains(&lane.name) || !is_there(lane)).for_each(|(_, lane)| lane.leave());
        }
        self.learn(partition, keys, registry, |name| read.contains(name));
    }

    /// What was learned of numbers may not hold any more: lanes are numbered anew in a store that was emptied.
    pub(super) fn forget_numbers(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).known.iter_mut().for_each(HashMap::clear);
    }
}

/// Whether one of the patterns takes the lane's type.
pub(super) fn takes(patterns: &[Pattern], name: &str) -> bool {
    let Some((event_type, _)) = name.rsplit_once(':') else { return false };
    patterns.iter().any(|pattern| pattern.matches(event_type))
}

impl Table {
    /// One lane was not as deep as it was taken for: perhaps none is.
    pub(super) fn forget_depths(&self) {
        self.all.iter().for_each(|lane| lane.set_deep(false));
    }

    /// The place of a lane that is read; a new one, unless it has one under this number.
    fn place(&mut self, partition: usize, keys: &PartitionKeys, name: &str, number: u32) -> usize {
        let of_name = |lane: &Lane| lane.partition == partition && lane.name == name && !lane.is_retry();
        let mut found = None;
        for (place, lane) in self.all.iter().enumerate().filter(|(_, lane)| of_name(lane)) {
            if lane.number == number {
                lane.come_back();
                found = Some(place);
            } else {
                lane.leave();
            }
        }
        if let Some(place) = found {
            return place;
        }
        self.all.push(Arc::new(Lane::new(partition, name, keys.lane_named(name), number)));
        self.all.len() - 1
    }

    pub(super) fn all(&self) -> &[Arc<Lane>] {
        &self.all
    }

    pub(super) fn get(&self, place: usize) -> Option<&Arc<Lane>> {
        self.all.get(place)
    }

    /// The stream of a delivery.
    pub(super) fn of(&self, lane: u32) -> Option<&Arc<Lane>> {
        self.all.get(lane as usize)
    }

    /// The lane of that number: `None` if nobody told us of it yet, `Some(None)` if the subscription does not take it.
    pub(super) fn numbered(&self, partition: usize, number: u32) -> Option<Option<&Arc<Lane>>> {
        let known = self.known.get(partition)?.get(&number)?;
        Some(known.place.and_then(|place| self.all.get(place)))
    }

    pub(super) fn of_partition(&self, partition: usize) -> impl Iterator<Item = (usize, &Arc<Lane>)> {
        self.all.iter().enumerate().filter(move |(_, lane)| lane.partition == partition && !lane.has_left())
    }
}

/// The lanes that a partition has, as its registry says.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) version: String,
    pub(super) lanes: Vec<(String, u32)>,
}

impl Registry {
    pub(super) fn from_hash(hash: Vec<(String, String)>) -> Self {
        let mut registry = Self { version: "0".into(), lanes: Vec::with_capacity(hash.len()) };
        for (field, value) in hash {
            if field == "~version" {
                registry.version = value;
            } else if let (false, Ok(number)) = (field.starts_with('~'), value.parse()) {
                registry.lanes.push((field, number));
            }
        }
        registry
    }
}
