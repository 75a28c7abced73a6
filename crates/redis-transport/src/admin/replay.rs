use futures_util::future::try_join_all;
use tekup_core::{Result, SubscriptionId, transport::LetterKey};

use super::{RedisAdmin, letter_keys::Named};
use crate::scripts;

/// The most letters that one call moves.
const AT_ONCE: usize = 100;

impl RedisAdmin {
    pub(super) async fn give_back(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        self.must_exist(subscription).await?;
        let placed = self.placed(letters);
        let moves = placed.iter().map(|some| self.move_all(subscription, some.partition, &some.letters));
        Ok(try_join_all(moves).await?.into_iter().sum())
    }

    async fn move_all(&self, subscription: &SubscriptionId, partition: usize, letters: &[Named]) -> Result<u64> {
        let (mut rest, mut moved) = (letters, 0);
        while !rest.is_empty() {
            let (batch, _) = rest.split_at(rest.len().min(AT_ONCE));
            let (looked_at, there) = self.move_some(subscription, partition, batch).await?;
            // One at least is looked at, so this ends.
            rest = rest.get(looked_at.max(1)..).unwrap_or_default();
            moved += there;
        }
        Ok(moved)
    }

    async fn move_some(
        &self,
        subscription: &SubscriptionId,
        partition: usize,
        letters: &[Named],
    ) -> Result<(usize, u64)> {
        let keys = self.keys(partition)?;
        let mut call = scripts::REPLAY.call(5);
        call.arg(keys.dead(subscription)).arg(keys.letters(subscription)).arg(keys.retry(subscription));
        call.arg(keys.exceptions(subscription)).arg(keys.bell()).arg(subscription.to_string());
        letters.iter().for_each(|letter| letter.write(&mut call));
        self.ask("a replay", call).await
    }
}
