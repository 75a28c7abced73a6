use std::time::Duration;

use super::Turn;
use crate::{
    memory::item::{Item, RETRIES},
    transport::{LetterKey, Stage},
};

impl Turn<'_> {
    /// Gives dead letters back to this subscription, due at once; answers how many were there.
    pub(in crate::memory) fn replay(&mut self, letters: &[LetterKey]) -> u64 {
        let replayed = letters.iter().filter(|key| self.replay_one(key)).count();
        self.ring();
        replayed as u64
    }

    /// Deletes dead letters; answers how many were there. Their events stay failed: nothing is noted.
    pub(in crate::memory) fn purge(&mut self, letters: &[LetterKey]) -> u64 {
        letters.iter().filter(|key| self.subscription.letters.purge(key)).count() as u64
    }

    fn replay_one(&mut self, key: &LetterKey) -> bool {
        let Some(letter) = self.subscription.letters.take_meant(key) else { return false };
        // Its place is given when it comes due.
        let (place, event, since) = ((RETRIES, 0), letter.event, self.now);
        let item = Item { place, event, starts: 0, failures: 0, first_failure: None, since };
        self.mark(&item, Stage::Retrying);
        self.subscription.waiting.put(item, self.now, Duration::ZERO);
        true
    }
}
