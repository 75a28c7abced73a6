use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use redis::Cmd;
use tekup_core::{
    Result, TenantId, Timestamp,
    transport::{CounterDelta, Counters},
};

use super::RedisAdmin;
use crate::{keys::PartitionKeys, scripts};

/// The most tenants that one call counts for.
const AT_ONCE: usize = 100;

/// As the script names them.
const FIELDS: [&str; 8] =
    ["published", "handled", "failed", "retried", "dead_lettered", "filtered", "handling_micros", "updated"];

impl RedisAdmin {
    pub(super) async fn raise_counters(&self, deltas: Vec<CounterDelta>) -> Result<()> {
        let mut by_partition: BTreeMap<usize, Vec<CounterDelta>> = BTreeMap::new();
        for delta in deltas {
            by_partition.entry(self.namespace.partition_of(&delta.tenant)).or_default().push(delta);
        }
        let calls = by_partition
            .iter()
            .flat_map(|(&partition, deltas)| deltas.chunks(AT_ONCE).map(move |chunk| self.raise_in(partition, chunk)));
        try_join_all(calls).await?;
        Ok(())
    }

    async fn raise_in(&self, partition: usize, deltas: &[CounterDelta]) -> Result<()> {
        let keys = self.keys(partition)?;
        let mut sum = Counters::default();
        deltas.iter().for_each(|delta| sum.add(&delta.counters));
        let mut call = scripts::COUNTERS.call(1 + deltas.len());
        call.arg(keys.counters(None));
        deltas.iter().for_each(|delta| _ = call.arg(keys.counters(Some(&delta.tenant))));
        write(&mut call, &sum);
        deltas.iter().for_each(|delta| write(&mut call, &delta.counters));
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
