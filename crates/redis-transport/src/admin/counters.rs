use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join_all};
use redis::Cmd;
use tekup_core::{
    Error, Result, TenantId, Timestamp,
    transport::{CounterDelta, Counters},
};

use super::{
    RedisAdmin,
    told::{self, Told},
};
use crate::{keys::PartitionKeys, scripts};

/// The most tenants that one call counts for.
const AT_ONCE: usize = 100;

/// As the script names them.
const FIELDS: [&str; 8] =
    ["published", "handled", "failed", "retried", "dead_lettered", "filtered", "handling_micros", "updated"];

impl RedisAdmin {
    pub(super) async fn raise_counters(&self, deltas: &[CounterDelta]) -> Vec<Result<()>> {
        let mut by_partition: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, delta) in deltas.iter().enumerate() {
            by_partition.entry(self.namespace.partition_of(&delta.tenant)).or_default().push(place);
        }
        let calls = by_partition.iter().flat_map(|(&partition, places)| {
            places.chunks(AT_ONCE).map(move |chunk| self.raise_chunk(partition, deltas, chunk))
        });
        told::in_order(deltas.len(), join_all(calls).await.into_iter().flatten())
    }

    /// If one of the tenants is to blame that the call is refused, the others are not to wait for it.
    async fn raise_chunk(&self, partition: usize, deltas: &[CounterDelta], chunk: &[usize]) -> Vec<Told> {
        let raised = self.raise_in(partition, deltas, chunk).await;
        if chunk.len() == 1 || raised.as_ref().err().is_none_or(Error::is_retryable) {
            return vec![(chunk.to_vec(), raised)];
        }
        let mut told = Vec::with_capacity(chunk.len());
        for &place in chunk {
            told.push((vec![place], self.raise_in(partition, deltas, &[place]).await));
        }
        told
    }

    async fn raise_in(&self, partition: usize, deltas: &[CounterDelta], chunk: &[usize]) -> Result<()> {
        let keys = self.keys(partition)?;
        let deltas = || chunk.iter().map(|place| &deltas[*place]);
        let mut sum = Counters::default();
        deltas().for_each(|delta| sum.add(&delta.counters));
        let mut call = scripts::COUNTERS.call(1 + chunk.len());
        call.arg(keys.counters(None));
        deltas().for_each(|delta| _ = call.arg(keys.counters(Some(&delta.tenant))));
        write(&mut call, &sum);
        deltas().for_each(|delta| write(&mut call, &delta.counters));
        self.ask::<u64>("a raise of counters", call).await?;
        Ok(())
    }

    pub(super) async fn read_counters(&self, tenant: Option<&TenantId>) -> Result<Counters> {
        if let Some(tenant) = tenant {
            let keys = self.keys(self.namespace.partition_of(tenant))?;
            return self.read_in(keys, Some(tenant)).await;
        }
        let all = self.namespace.partitions().iter().map(|keys| self.read_in(keys, None));
        let mut sum = Counters::default();
        try_join_all(all).await?.iter().for_each(|counters| sum.add(counters));
        Ok(sum)
    }

    async fn read_in(&self, keys: &PartitionKeys, tenant: Option<&TenantId>) -> Result<Counters> {
        let mut command = redis::cmd("HMGET");
        command.arg(keys.counters(tenant)).arg(&FIELDS[..]);
        let stored: [Option<u64>; 8] = self.ask("counters", command).await?;
        Ok(read(stored))
    }
}

fn write(call: &mut Cmd, counters: &Counters) {
    let Counters { published, handled, failed, retried, dead_lettered, filtered, handling_micros, updated } = counters;
    for value in [published, handled, failed, retried, dead_lettered, filtered, handling_micros] {
        call.arg(value);
    }
    call.arg(updated.map_or(0, Timestamp::unix_millis));
}

fn read(stored: [Option<u64>; 8]) -> Counters {
    let [published, handled, failed, retried, dead_lettered, filtered, handling_micros, updated] = stored;
    Counters {
        published: published.unwrap_or(0),
        handled: handled.unwrap_or(0),
        failed: failed.unwrap_or(0),
        retried: retried.unwrap_or(0),
        dead_lettered: dead_lettered.unwrap_or(0),
        filtered: filtered.unwrap_or(0),
        handling_micros: handling_micros.unwrap_or(0),
        updated: updated.and_then(|millis| Timestamp::from_unix_millis(i64::try_from(millis).ok()?).ok()),
    }
}
