use redis::Pipeline;
use serde::Serialize;
use tekup_core::Result;

use crate::{RedisTransport, error, keys::PartitionKeys};

/// Of so many lanes of a partition the entries are counted.
const LANES: usize = 500;

/// What lies in one partition.
///
/// ```
/// use tekup_redis_transport::{RedisConfig, RedisTransport};
/// # use tekup_testkit::redis::RedisServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// # let server = RedisServer::start()?;
/// let transport = RedisTransport::connect(&RedisConfig::new(server.url()).partitions(4)).await?;
/// let partitions = transport.partition_facts().await?;
/// assert_eq!((partitions.len(), partitions[0].entries), (4, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PartitionFacts {
    /// What all its keys begin with.
    pub prefix: String,
    /// Subscriptions that are registered in it: the same in all partitions, unless one has lost some.
    pub subscriptions: u64,
    /// Its lanes.
    pub lanes: u64,
    /// What its first 500 lanes hold, settled or not.
    pub entries: u64,
}

impl RedisTransport {
    /// What lies in each partition. It reads no event, and costs one call for each of at most 500 lanes of each partition.
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// See [`PartitionFacts`] for an example.
    pub async fn partition_facts(&self) -> Result<Vec<PartitionFacts>> {
        let mut facts = Vec::with_capacity(self.partitions().len());
        for keys in self.partitions() {
            facts.push(self.of_partition(keys).await?);
        }
        Ok(facts)
    }

    async fn of_partition(&self, keys: &PartitionKeys) -> Result<PartitionFacts> {
        let (mut subscriptions, mut lanes) = (redis::cmd("HLEN"), redis::cmd("HKEYS"));
        subscriptions.arg(keys.subscriptions());
        lanes.arg(keys.lanes());
        let unexpected = |_| error::unexpected("what lies in a partition");
        let registered = self.commands().one(subscriptions).await?;
        let registered: u64 = redis::from_redis_value(registered).map_err(unexpected)?;
        let names: Vec<String> = redis::from_redis_value(self.commands().one(lanes).await?).map_err(unexpected)?;
        let names: Vec<String> = names.into_iter().filter(|name| !name.starts_with('~')).collect();
        Ok(PartitionFacts {
            prefix: keys.prefix().to_owned(),
            // Beside them lies the version.
            subscriptions: registered.saturating_sub(1),
            lanes: names.len() as u64,
            entries: self.entries(keys, &names).await?,
        })
    }

    async fn entries(&self, keys: &PartitionKeys, lanes: &[String]) -> Result<u64> {
        let mut calls = Pipeline::new();
        for name in lanes.iter().take(LANES) {
            calls.cmd("XLEN").arg(keys.lane_named(name));
        }
        if calls.is_empty() {
            return Ok(0);
        }
        let mut entries = 0;
        for length in self.commands().all(calls).await? {
            let length: u64 =
                redis::from_redis_value(length?).map_err(|_| error::unexpected("the length of a lane"))?;
            entries += length;
        }
        Ok(entries)
    }
}
