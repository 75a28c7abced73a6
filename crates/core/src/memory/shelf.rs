use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
};

use super::item::{Item, Place};

/// What waits at one priority: lanes in rotation, each the oldest first.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// None of them is empty; each is sorted by entry.
    lanes: BTreeMap<u32, VecDeque<Item>>,
    /// Which lane was taken from last.
    last: u32,
}

impl Shelf {
    /// Puts an item where its entry belongs: what was handed back comes before what is newer.
    pub(super) fn put(&mut self, item: Item) {
        let (lane, entry) = item.place;
        let queue = self.lanes.entry(lane).or_default();
        let at = queue.partition_point(|other| other.place.1 < entry);
        queue.insert(at, item);
    }

    /// Takes the oldest item of the next lane whose oldest item will do.
    pub(super) fn take(&mut self, will_do: impl Fn(&Item) -> bool) -> Option<Item> {
        let lane = self.next_lane(will_do)?;
        let queue = self.lanes.get_mut(&lane)?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.lanes.remove(&lane);
        }
        self.last = lane;
        item
    }

    /// Whether [`Shelf::take`] would find something.
    pub(super) fn has(&self, will_do: impl Fn(&Item) -> bool) -> bool {
        self.next_lane(will_do).is_some()
    }

    fn next_lane(&self, will_do: impl Fn(&Item) -> bool) -> Option<u32> {
        let after = self.lanes.range((Bound::Excluded(self.last), Bound::Unbounded));
        let mut rotation = after.chain(self.lanes.range(..=self.last));
        rotation.find(|(_, queue)| queue.front().is_some_and(&will_do)).map(|(lane, _)| *lane)
    }

    pub(super) fn remove(&mut self, (lane, entry): Place, is_meant: impl Fn(&Item) -> bool) -> Option<Item> {
        let queue = self.lanes.get_mut(&lane)?;
        let at = queue.binary_search_by_key(&entry, |item| item.place.1).ok()?;
        if !queue.get(at).is_some_and(is_meant) {
            return None;
        }
        let item = queue.remove(at);
        if queue.is_empty() {
            self.lanes.remove(&lane);
        }
        item
    }

    /// How many wait in a lane.
    pub(super) fn len_of(&self, lane: u32) -> usize {
        self.lanes.get(&lane).map_or(0, VecDeque::len)
    }

    /// Where the oldest item of a lane is.
    pub(super) fn oldest_of(&self, lane: u32) -> Option<Place> {
        self.lanes.get(&lane)?.front().map(|item| item.place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.lanes.values().flatten()
    }

    /// Some item that waits: the oldest of the lowest lane.
    pub(super) fn first(&self) -> Option<&Item> {
        self.lanes.values().next()?.front()
    }
}
