use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::item::Stored;
use crate::{
    ids::{EventId, TenantId},
    timestamp::Timestamp,
    transport::{DeadLetter, DeadLetterPage, DeadReason, LetterKey},
};

/// How many letters are looked at for one page, so that a tenant without letters costs no full search.
const LOOK_AT: usize = 10_000;

/// The dead letters of one subscription, the oldest first.
#[derive(Debug)]
pub(super) struct Letters {
    by_serial: BTreeMap<u64, Letter>,
    by_id: HashMap<(TenantId, EventId), u64>,
    serial: u64,
    keep: Duration,
    cap: usize,
    expired: u64,
    dropped: u64,
    purged: u64,
}

#[derive(Debug)]
pub(super) struct Letter {
    pub(super) event: Arc<Stored>,
    pub(super) reason: DeadReason,
    pub(super) error: String,
    pub(super) attempts: u32,
    pub(super) first_failure: Option<Timestamp>,
    pub(super) died: Timestamp,
    pub(super) since: Instant,
}

impl Letter {
    fn shown(&self) -> DeadLetter {
        DeadLetter {
            priority: Some(self.event.priority),
            id: self.event.id,
            tenant: Some(self.event.tenant.clone()),
            event_type: Some(self.event.event_type.clone()),
            reason: self.reason,
            error: self.error.clone(),
            attempts: self.attempts,
            first_failure: self.first_failure,
            died: self.died,
            bytes: self.event.bytes.clone(),
        }
    }

    fn is_of(&self, tenant: Option<&TenantId>) -> bool {
        tenant.is_none_or(|tenant| self.event.tenant == *tenant)
    }
}

impl Letters {
    pub(super) fn new(keep: Duration, cap: usize) -> Self {
        let (by_serial, by_id) = (BTreeMap::new(), HashMap::new());
        Self { by_serial, by_id, serial: 0, keep, cap, expired: 0, dropped: 0, purged: 0 }
    }

    /// How long letters are kept, and how many at most, from now on.
    pub(super) fn limit(&mut self, keep: Duration, cap: usize) {
        (self.keep, self.cap) = (keep, cap);
    }

    pub(super) fn put(&mut self, letter: Letter) {
        let key = (letter.event.tenant.clone(), letter.event.id);
        // The same id again, long after the first: one letter stays.
        if self.take(&key).is_some() {
            self.dropped += 1;
        }
        let since = letter.since;
        self.serial += 1;
        self.by_id.insert(key, self.serial);
        self.by_serial.insert(self.serial, letter);
        self.tidy(since);
    }

    /// Removes, counted, what is too old or too much.
    pub(super) fn tidy(&mut self, now: Instant) {
        while self.oldest_since().is_some_and(|since| now.duration_since(since) >= self.keep) {
            self.remove_oldest();
            self.expired += 1;
        }
        while self.by_serial.len() > self.cap {
            self.remove_oldest();
            self.dropped += 1;
        }
    }

    fn oldest_since(&self) -> Option<Instant> {
        self.by_serial.first_key_value().map(|(_, letter)| letter.since)
    }

    fn remove_oldest(&mut self) {
        if let Some((_, letter)) = self.by_serial.pop_first() {
            self.by_id.remove(&(letter.event.tenant.clone(), letter.event.id));
        }
    }

    fn take(&mut self, key: &(TenantId, EventId)) -> Option<Letter> {
        let serial = self.by_id.remove(key)?;
        self.by_serial.remove(&serial)
    }

    /// Removes, counted, on request; answers whether it was there.
    pub(super) fn purge(&mut self, key: &LetterKey) -> bool {
        let was_there = self.take_meant(key).is_some();
        self.purged += u64::from(was_there);
        was_there
    }

    /// Removes the letter, if it is the one that is meant.
    pub(super) fn take_meant(&mut self, key: &LetterKey) -> Option<Letter> {
        self.meant(key)?;
        self.take(&owned(key)?)
    }

    pub(super) fn get(&self, key: &LetterKey) -> Option<DeadLetter> {
        self.meant(key).map(Letter::shown)
    }

    pub(super) fn event(&self, key: &(TenantId, EventId)) -> Option<&Arc<Stored>> {
        let letter = self.by_id.get(key).and_then(|serial| self.by_serial.get(serial));
        letter.map(|letter| &letter.event)
    }

    fn meant(&self, key: &LetterKey) -> Option<&Letter> {
        let letter = self.by_id.get(&owned(key)?).and_then(|serial| self.by_serial.get(serial))?;
        key.means(letter.died).then_some(letter)
    }

    /// At most so many letters after the one with that serial.
    pub(super) fn page(&self, tenant: Option<&TenantId>, after: u64, most: usize) -> DeadLetterPage {
        let mut page = DeadLetterPage::default();
        let mut last = after;
        for (serial, letter) in self.after(after).take(LOOK_AT) {
            if page.letters.len() == most {
                break;
            }
            last = *serial;
            if letter.is_of(tenant) {
                page.letters.push(letter.shown());
            }
        }
        page.next = self.after(last).next().map(|_| last.to_string());
        page
    }

    fn after(&self, serial: u64) -> impl Iterator<Item = (&u64, &Letter)> {
        self.by_serial.range((Bound::Excluded(serial), Bound::Unbounded))
    }

    pub(super) fn count(&self, tenant: Option<&TenantId>) -> usize {
        match tenant {
            None => self.by_serial.len(),
            some => self.by_serial.values().filter(|letter| letter.is_of(some)).count(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Letter> {
        self.by_serial.values()
    }

    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn purged(&self) -> u64 {
        self.purged
    }
}

/// In this store every event has a tenant.
fn owned(key: &LetterKey) -> Option<(TenantId, EventId)> {
    Some((key.tenant.clone()?, key.id))
}
