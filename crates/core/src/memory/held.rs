use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

use super::item::{Item, Place};

/// What the replicas of one subscription hold, and until when.
#[derive(Debug, Default)]
pub(super) struct HeldItems {
    by_place: HashMap<Place, Held>,
    by_lease: BTreeSet<(Instant, Place)>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) item: Item,
    /// The number of the replica that holds it.
    pub(super) owner: u64,
    /// When the lease ends.
    pub(super) until: Instant,
    /// Whether its owner may handle it: what was taken over must be started first.
    pub(super) started: bool,
}

impl Held {
    /// The fence: whether a replica that knew so many starts still holds it.
    pub(super) fn belongs_to(&self, owner: u64, starts: u32) -> bool {
        self.owner == owner && self.item.starts == starts
    }
}

impl HeldItems {
    pub(super) fn put(&mut self, held: Held) {
        self.by_lease.insert((held.until, held.item.place));
        self.by_place.insert(held.item.place, held);
    }

    pub(super) fn take_if(&mut self, place: Place, is_meant: impl Fn(&Held) -> bool) -> Option<Held> {
        self.by_place.get(&place).filter(|held| is_meant(held))?;
        self.remove(place)
    }

    fn remove(&mut self, place: Place) -> Option<Held> {
        let held = self.by_place.remove(&place)?;
        self.by_lease.remove(&(held.until, place));
        Some(held)
    }

    /// Gives one of them another end of its lease, if `is_meant`; answers it.
    pub(super) fn renew(
        &mut self,
        place: Place,
        until: Instant,
        is_meant: impl Fn(&Held) -> bool,
    ) -> Option<&mut Held> {
        let held = self.by_place.get_mut(&place).filter(|held| is_meant(held))?;
        self.by_lease.remove(&(held.until, place));
        self.by_lease.insert((until, place));
        held.until = until;
        Some(held)
    }

    /// Takes one whose lease has ended.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<Held> {
        let (_, place) = *self.by_lease.first().filter(|(until, _)| *until <= now)?;
        self.remove(place)
    }

    /// When the first lease ends.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_lease.first().map(|(until, _)| *until)
    }

    /// The one whose lease ends first.
    pub(super) fn first(&self) -> Option<&Held> {
        let (_, place) = self.by_lease.first()?;
        self.by_place.get(place)
    }

    /// Where those of a lane are, in no order.
    pub(super) fn of_lane(&self, lane: u32) -> impl Iterator<Item = Place> {
        self.by_place.keys().copied().filter(move |place| place.0 == lane)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.by_place.values().map(|held| &held.item)
    }

    pub(super) fn len(&self) -> usize {
        self.by_place.len()
    }
}
