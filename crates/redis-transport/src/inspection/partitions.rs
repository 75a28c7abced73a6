use futures_util::{StreamExt, TryStreamExt, stream};
use redis::{FromRedisValue, Pipeline, Value};
use serde::Serialize;
use tekup_core::Result;

use crate::{RedisTransport, error, keys::PartitionKeys};

/// So many partitions are looked at the same time.
const AT_ONCE: usize = 8;

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
    /// Its lanes; where there are very many, up to four more are counted.
    pub lanes: u64,
    /// What 500 of them hold, settled or not; of fewer it is all. While no lane comes or goes they are the same ones.
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
        let looks = stream::iter(self.partitions()).map(|keys| self.of_partition(keys));
        looks.buffered(AT_ONCE).try_collect().await
    }

    async fn of_partition(&self, keys: &PartitionKeys) -> Result<PartitionFacts> {
        let (names, is_all) = self.some_lanes(keys).await?;
        let lanes = if is_all { names.len() as u64 } else { self.fields(keys.lanes()).await? };
        Ok(PartitionFacts {
            prefix: keys.prefix().to_owned(),
            // Beside them lies the version.
            subscriptions: self.fields(keys.subscriptions()).await?.saturating_sub(1),
            lanes,
            entries: self.entries(keys, &names).await?,
        })
    }

    async fn fields(&self, key: String) -> Result<u64> {
        let mut count = redis::cmd("HLEN");
        count.arg(key);
        read(self.commands().one(count).await?)
    }

    /// About as many as are looked at, and whether that is all: the server may tell of a few more.
    async fn some_lanes(&self, keys: &PartitionKeys) -> Result<(Vec<String>, bool)> {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(keys.lanes()).arg(0).arg("COUNT").arg(LANES);
        let (next, fields): (String, Vec<(String, String)>) = read(self.commands().one(scan).await?)?;
        let names = fields.into_iter().map(|(name, _)| name);
        Ok((names.filter(|name| !name.starts_with('~')).collect(), next == "0"))
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
            entries += read::<u64>(length?)?;
        }
        Ok(entries)
    }
}

fn read<T: FromRedisValue>(answer: Value) -> Result<T> {
    redis::from_redis_value(answer).map_err(|_| error::unexpected("what lies in a partition"))
}
