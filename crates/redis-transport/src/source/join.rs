//! Joining: a subscription is registered in every partition, with a group on each lane that it takes.
//!
//! The joiner can't know the lanes when its script runs, for publishers make new ones all the time. So it reads their
//! version first and gives it to the script, which answers `STALE` if a lane came in between; a lane made later gives the
//! registered subscription its group itself.

use redis::{Cmd, Pipeline, Value};
use tekup_core::{Error, ErrorKind, Pattern, Result, TenantId, transport::SourceSpec};

use super::lanes::{Lanes, Registry, takes};
use crate::{connection::Connection, error, keys::PartitionKeys, scripts};

/// How often new lanes may get in between before we say so.
const MOST_STALE: usize = 1_000;

/// Joins in all partitions, and learns their lanes.
pub(super) async fn join(
    connection: &Connection,
    partitions: &[PartitionKeys],
    spec: &SourceSpec,
    lanes: &Lanes,
) -> Result<()> {
    let mut open: Vec<usize> = (0..partitions.len()).collect();
    for _ in 0..MOST_STALE {
        let registries = registries(connection, partitions, &open).await?;
        let mut pipeline = Pipeline::with_capacity(open.len());
        for (partition, registry) in open.iter().zip(&registries) {
            pipeline.add_command(call(&partitions[*partition], spec, registry)?);
        }
        let mut stale = Vec::new();
        for ((partition, registry), answer) in open.into_iter().zip(registries).zip(connection.all(pipeline).await?) {
            if matches!(answer?, Value::SimpleString(_)) {
                stale.push(partition);
                continue;
            }
            lanes.learn(partition, &partitions[partition], &registry, &spec.patterns);
        }
        if stale.is_empty() {
            return Ok(());
        }
        open = stale;
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "new lanes are made faster than they can be joined: open the subscription again",
    ))
}

/// The lanes of some partitions, as they are now.
pub(super) async fn registries(
    connection: &Connection,
    partitions: &[PartitionKeys],
    of: &[usize],
) -> Result<Vec<Registry>> {
    let mut pipeline = Pipeline::with_capacity(of.len());
    for partition in of {
        pipeline.cmd("HGETALL").arg(partitions[*partition].lanes());
    }
    let mut registries = Vec::with_capacity(of.len());
    for answer in connection.all(pipeline).await? {
        let hash = redis::from_redis_value(answer?).map_err(|_| error::unexpected("the list of lanes"))?;
        registries.push(Registry::from_hash(hash));
    }
    Ok(registries)
}

fn call(keys: &PartitionKeys, spec: &SourceSpec, registry: &Registry) -> Result<Cmd> {
    let taken: Vec<_> = registry.lanes.iter().filter(|(name, _)| takes(&spec.patterns, name)).collect();
    let mut cmd = scripts::JOIN.call(5 + taken.len());
    cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(&spec.id));
    cmd.arg(keys.books(&spec.id));
    for (name, _) in &taken {
        cmd.arg(keys.lane_named(name));
    }
    cmd.arg(&registry.version).arg(spec.id.to_string());
    cmd.arg(json(spec.patterns.iter().map(Pattern::as_str))?).arg(json(spec.tenants.iter().map(TenantId::as_str))?);
    for (name, number) in &taken {
        cmd.arg(name).arg(number);
    }
    Ok(cmd)
}

/// A list in a fixed order, so that two replicas that say the same write the same.
fn json<'text>(texts: impl Iterator<Item = &'text str>) -> Result<String> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    serde_json::to_string(&texts).map_err(|cause| error::unexpected("a subscription").with_source(cause))
}
