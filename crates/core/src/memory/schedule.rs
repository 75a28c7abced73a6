use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;

use crate::{
    ids::{EventId, TenantId},
    transport::Outgoing,
};

type Key = (TenantId, EventId);

/// When an event is due; the number tells apart what is due at the same time, in the order of publishing.
type Place = (Instant, u64);

/// What was published for later, and whose time has not come.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    by_due: BTreeMap<Place, Outgoing>,
    places: HashMap<Key, Place>,
    serial: u64,
}

impl Schedule {
    pub(super) fn knows(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// Answers whether it is the first to come now.
    pub(super) fn put(&mut self, key: Key, event: Outgoing, due: Instant) -> bool {
        let is_first = self.next_due().is_none_or(|next| due < next);
        self.serial += 1;
        self.places.insert(key, (due, self.serial));
        self.by_due.insert((due, self.serial), event);
        is_first
    }

    /// The event, and when that is due.
    pub(super) fn get(&self, key: &Key) -> Option<(Instant, &Outgoing)> {
        let place = self.places.get(key)?;
        self.by_due.get(place).map(|event| (place.0, event))
    }

    /// Answers whether it was there.
    pub(super) fn remove(&mut self, key: &Key) -> bool {
        self.places.remove(key).is_some_and(|place| self.by_due.remove(&place).is_some())
    }

    /// Takes the first one whose time has come, and tells when that was.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Instant, Outgoing)> {
        let first = self.by_due.first_entry().filter(|first| first.key().0 <= now)?;
        let ((due, _), event) = first.remove_entry();
        self.places.remove(&(event.tenant.clone(), event.id));
        Some((due, event))
    }

    /// When the first one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.by_due.first_key_value().map(|((due, _), _)| *due)
    }

    /// All, with when they are due.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Instant, &Outgoing)> {
        self.by_due.iter().map(|((due, _), event)| (*due, event))
    }

    /// How many wait: of one tenant, or in all.
    pub(super) fn count(&self, tenant: Option<&TenantId>) -> usize {
        match tenant {
            Some(tenant) => self.places.keys().filter(|(of, _)| of == tenant).count(),
            None => self.by_due.len(),
        }
    }
}
