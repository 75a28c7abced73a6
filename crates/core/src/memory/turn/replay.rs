use std::time::Duration;

use super::Turn;
use crate::{
    ids::{EventId, TenantId},
    memory::item::{Item, RETRIES},
    transport::{LetterKey, Stage},
};

impl Turn<'_> {
    /// Gives dead letters back to this subscription, due at once; answers how many were there.
    pub(in crate::memory) fn replay(&mut self, letters: Vec<LetterKey>) -> u64 {
        let replayed = owned(letters).filter(|key| self.replay_one(key)).count();
        self.ring();
        replayed as u64
    }

    /// Deletes dead letters; answers how many were there. Their events stay failed: nothing is noted.
    pub(in crate::memory) fn purge(&mut self, letters: Vec<LetterKey>) -> u64 {
        owned(letters).filter(|key| self.subscription.letters.purge(key)).count() as u64
    }

    fn replay_one(&mut self, key: &(TenantId, EventId)) -> bool {
        let Some(letter) = self.subscription.letters.take(key) else { return false };
        // Its place is given when it comes due.
        let item = Item { place: (RETRIES, 0), event: letter.event, starts: 0, failures: 0, first_failure: None };
        self.mark(&item, Stage::Retrying);
        self.subscription.waiting.put(item, self.now, Duration::ZERO);
        true
    }
}

/// Those that have a tenant: in this store every event has one.
fn owned(letters: Vec<LetterKey>) -> impl Iterator<Item = (TenantId, EventId)> {
    letters.into_iter().filter_map(|letter| Some((letter.tenant?, letter.id)))
}
