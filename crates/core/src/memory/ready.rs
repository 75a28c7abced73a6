use super::{
    item::{Item, Place},
    shelf::Shelf,
};
use crate::{policy::WeightedPick, priority::Priority};

/// All that one subscription may be handed at once.
#[derive(Debug, Default)]
pub(super) struct Ready {
    shelves: [Shelf; 4],
    pick: WeightedPick,
    count: Count,
}

/// How much is ready, of each kind.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    /// Never handed out, or handed back unharmed.
    pub(super) fresh: usize,
    /// Retries that are due.
    pub(super) retries: usize,
    /// Held when a lease ended.
    pub(super) abandoned: usize,
}

impl Count {
    fn of(&mut self, item: &Item) -> &mut usize {
        match item {
            item if item.is_abandoned() => &mut self.abandoned,
            item if item.is_retry() => &mut self.retries,
            _ => &mut self.fresh,
        }
    }
}

impl Ready {
    pub(super) fn put(&mut self, item: Item) {
        *self.count.of(&item) += 1;
        self.shelves[item.event.priority.rank()].put(item);
    }

    /// Takes the next of those that are wanted by weight, fresh ones only if they are, too.
    pub(super) fn take(&mut self, fresh: bool, is_wanted: impl Fn(&Item) -> bool) -> Option<Item> {
        let will_do = |item: &Item| (fresh || item.is_abandoned() || item.is_retry()) && is_wanted(item);
        let waiting = self.shelves.each_ref().map(|shelf| shelf.has(will_do));
        let priority = self.pick.next(waiting)?;
        let item = self.shelves[priority.rank()].take(will_do)?;
        *self.count.of(&item) -= 1;
        Some(item)
    }

    pub(super) fn remove(&mut self, place: Place, is_meant: impl Fn(&Item) -> bool) -> Option<Item> {
        let item = self.shelves.iter_mut().find_map(|shelf| shelf.remove(place, &is_meant))?;
        *self.count.of(&item) -= 1;
        Some(item)
    }

    pub(super) fn count(&self) -> Count {
        self.count
    }

    /// How many wait in a lane.
    pub(super) fn len_of(&self, lane: u32) -> usize {
        self.shelves.iter().map(|shelf| shelf.len_of(lane)).sum()
    }

    /// Where the oldest item of a lane is.
    pub(super) fn oldest_of(&self, lane: u32) -> Option<Place> {
        self.shelves.iter().find_map(|shelf| shelf.oldest_of(lane))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.shelves.iter().flat_map(Shelf::iter)
    }

    /// Some item that waits, of the highest priority.
    pub(super) fn first(&self) -> Option<&Item> {
        Priority::ALL.into_iter().find_map(|priority| self.shelves[priority.rank()].first())
    }
}
