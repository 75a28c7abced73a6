//! Whether anybody reads a subscription: replicas say so themselves, in the first partition.

use redis::Cmd;
use tekup_core::{Result, SubscriptionId, Timestamp, transport::Replicas};

use super::RedisAdmin;
use crate::{error, keys::PartitionKeys, scripts};

impl RedisAdmin {
    pub(super) async fn count_replicas(&self, subscription: &SubscriptionId) -> Result<Replicas> {
        let keys = self.keys(0)?;
        let call = ask(keys, subscription);
        let (alive, heard): (i64, String) = self.ask("a subscription's replicas", call).await?;
        match u64::try_from(alive) {
            Ok(alive) => Ok(Replicas::new(alive, last_heard(&heard)?)),
            // Where it is known in part only, nobody reads it.
            Err(_) => self.must_exist(subscription).await.map(|()| Replicas::default()),
        }
    }
}

pub(super) fn ask(keys: &PartitionKeys, subscription: &SubscriptionId) -> Cmd {
    let mut call = scripts::REPLICAS.call(2);
    call.arg(keys.replicas(subscription)).arg(keys.subscriptions()).arg(subscription.to_string());
    call
}

pub(super) fn last_heard(millis: &str) -> Result<Option<Timestamp>> {
    if millis.is_empty() {
        return Ok(None);
    }
    let heard = millis.parse().ok().and_then(|millis| Timestamp::from_unix_millis(millis).ok());
    heard.map(Some).ok_or_else(|| error::unexpected("when a replica was last heard of"))
}
