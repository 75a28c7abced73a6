//! Repair by somebody who does not read: for subscriptions of which no replica runs.

use redis::Value;
use tekup_core::{Error, ErrorKind, Result, SubscriptionId, Timestamp};

use super::{
    join,
    lanes::takes,
    repair::{self, Found},
};
use crate::{RedisTransport, error, record::Record};

/// How often it is begun anew when lanes are made meanwhile.
const TRIES: usize = 20;

impl RedisTransport {
    /// Makes anew what the store has lost of a subscription's place, as its replicas do by themselves while any runs:
    /// from the last place that is known to be settled. Answers some of what was made anew, in words; nothing, if
    /// nothing was lost.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered in any partition; those of the connection.
    ///
    /// # Cancel safety
    /// If dropped, it may be repaired in part; calling again does no harm.
    ///
    /// ```
    /// use tekup_core::transport::{SourceSpec, Transport};
    /// use tekup_redis_transport::{RedisConfig, RedisTransport};
    /// # use tekup_testkit::redis::RedisServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let server = RedisServer::start()?;
    /// let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await?;
    /// let ledger = "billing/ledger".parse()?;
    /// assert!(transport.repair(&ledger).await.is_err()); // there is none
    /// let source = transport.open(SourceSpec::new(ledger.clone(), vec!["invoice.*".parse()?])).await?;
    /// assert!(transport.repair(&ledger).await?.is_empty()); // nothing is lost
    /// # Ok(())
    /// # }
    /// ```
    pub async fn repair(&self, subscription: &SubscriptionId) -> Result<Vec<String>> {
        let record = self.newest_record(subscription).await?;
        let mut found = Found::default();
        for partition in 0..self.partitions().len() {
            self.repair_partition(subscription, &record, partition, &mut found).await?;
        }
        Ok(found.detail)
    }

    /// A partition may have lost it: the newest of all holds.
    async fn newest_record(&self, subscription: &SubscriptionId) -> Result<Record> {
        let mut calls = redis::pipe();
        for keys in self.partitions() {
            calls.cmd("HGET").arg(keys.subscriptions()).arg(subscription.to_string());
        }
        let mut newest: Option<Record> = None;
        for answer in self.commands().all(calls).await? {
            let text: Option<String> =
                redis::from_redis_value(answer?).map_err(|_| error::unexpected("a subscription"))?;
            let Some(record) = text.and_then(|text| Record::read(&text)) else { continue };
            if newest.as_ref().is_none_or(|newest| record.is_newer_than(newest)) {
                newest = Some(record);
            }
        }
        newest.ok_or_else(|| {
            let message = format!("there is no subscription `{subscription}`: check service and name");
            Error::new(ErrorKind::NotFound, message)
        })
    }

    async fn repair_partition(
        &self,
        subscription: &SubscriptionId,
        record: &Record,
        partition: usize,
        found: &mut Found,
    ) -> Result<()> {
        // What is removed from now on stays removed.
        let since = Timestamp::now().unix_millis().to_string();
        for _ in 0..TRIES {
            let registries = join::registries(self.commands(), self.partitions(), &[partition]).await?;
            let (Some(registry), Some(keys)) = (registries.first(), self.partitions().get(partition)) else { break };
            let lanes: Vec<_> = registry.lanes.iter().filter(|(name, _)| takes(record.patterns(), name)).collect();
            let call = repair::call(keys, subscription, record, registry, &lanes, &since);
            match self.commands().one(call).await? {
                Value::Array(answer) => return found.take(answer, &lanes).map(drop),
                removed if join::was_removed(&removed) => {
                    let message = format!("subscription `{subscription}` is being removed: nothing is repaired");
                    return Err(Error::new(ErrorKind::NotFound, message));
                }
                _stale => {}
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "new lanes are made faster than lost groups can be made anew: try again",
        ))
    }
}
