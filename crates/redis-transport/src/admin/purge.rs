use tekup_core::{Result, SubscriptionId, transport::LetterKey};

use super::{
    RedisAdmin,
    letter_keys::{Named, Placed},
};
use crate::scripts;

/// The most letters that one call deletes.
const AT_ONCE: usize = 100;

impl RedisAdmin {
    pub(super) async fn delete(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        self.must_exist(subscription).await?;
        let mut deleted = 0;
        // One after the other: a large purge shall not crowd out what else the server has to do.
        for Placed { partition, letters } in self.placed(letters) {
            for batch in letters.chunks(AT_ONCE) {
                deleted += self.delete_some(subscription, partition, batch).await?;
            }
        }
        Ok(deleted)
    }

    async fn delete_some(&self, subscription: &SubscriptionId, partition: usize, letters: &[Named]) -> Result<u64> {
        let keys = self.keys(partition)?;
        let mut call = scripts::PURGE.call(5);
        call.arg(keys.dead(subscription)).arg(keys.letters(subscription)).arg(keys.exceptions(subscription));
        call.arg(keys.books(subscription)).arg(keys.gone(subscription));
        letters.iter().for_each(|letter| letter.write(&mut call));
        self.ask("a purge", call).await
    }
}
