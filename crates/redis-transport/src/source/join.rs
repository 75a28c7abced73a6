//! Joining: a subscription is registered in every partition, with a group on each lane that it takes.
//!
//! The joiner can't know the lanes when its script runs, for publishers make new ones all the time. So it reads their
//! version first and gives it to the script, which answers `STALE` if a lane came in between; a lane made later gives the
//! registered subscription its group itself.

use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    Error, ErrorKind, Pattern, Result, TenantId,
    transport::{SourceSpec, StartAt},
};

use super::{
    Inner,
    lanes::{Registry, takes},
};
use crate::{connection::Connection, error, keys::PartitionKeys, scripts};

/// How often new lanes may get in between before we say so.
pub(super) const MOST_STALE: usize = 1_000;

/// Joins in all partitions, and learns their lanes. False if the subscription was removed meanwhile.
pub(super) async fn join(replica: &Inner) -> Result<bool> {
    let (connection, partitions) = (&replica.shared.commands, replica.partitions());
    let (spec, lanes) = (&replica.spec, &replica.lanes);
    let mut open: Vec<usize> = (0..partitions.len()).collect();
    for _ in 0..MOST_STALE {
        let registries = registries(connection, partitions, &open).await?;
        let mut pipeline = Pipeline::with_capacity(open.len());
        for (partition, registry) in open.iter().zip(&registries) {
            pipeline.add_command(call(&partitions[*partition], spec, registry, replica.since())?);
        }
        let mut stale = Vec::new();
        for ((partition, registry), answer) in open.into_iter().zip(registries).zip(connection.all(pipeline).await?) {
            let answer = answer?;
            if was_removed(&answer) {
                return Ok(false);
            }
            if matches!(answer, Value::SimpleString(_)) {
                stale.push(partition);
                continue;
            }
            let kept = kept(answer, &registry, &spec.patterns)?;
            lanes.learn(partition, &partitions[partition], &registry, |name| {
                takes(&spec.patterns, name) || kept.contains(&name)
            });
        }
        if stale.is_empty() {
            return Ok(true);
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

/// All lanes: first those that the subscription takes.
fn in_order<'registry>(registry: &'registry Registry, patterns: &[Pattern]) -> (Vec<&'registry (String, u32)>, usize) {
    let (mut taken, others): (Vec<_>, Vec<_>) = registry.lanes.iter().partition(|(name, _)| takes(patterns, name));
    let count = taken.len();
    taken.extend(others);
    (taken, count)
}

/// Whether a script says that the subscription was removed since its replica began.
pub(super) fn was_removed(answer: &Value) -> bool {
    matches!(answer, Value::SimpleString(word) if word == "REMOVED")
}

fn call(keys: &PartitionKeys, spec: &SourceSpec, registry: &Registry, since: String) -> Result<Cmd> {
    let (lanes, taken) = in_order(registry, &spec.patterns);
    let mut cmd = scripts::JOIN.call(5 + lanes.len());
    cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(&spec.id));
    cmd.arg(keys.removed());
    for (name, _) in &lanes {
        cmd.arg(keys.lane_named(name));
    }
    cmd.arg(&registry.version).arg(spec.id.to_string());
    cmd.arg(json(spec.patterns.iter().map(Pattern::as_str))?).arg(json(spec.tenants.iter().map(TenantId::as_str))?);
    cmd.arg(taken).arg(u8::from(spec.start_at == StartAt::Beginning)).arg(since);
    for (name, number) in &lanes {
        cmd.arg(name).arg(number);
    }
    Ok(cmd)
}

/// The lanes that the subscription takes no more and still has to settle.
fn kept<'registry>(answer: Value, registry: &'registry Registry, patterns: &[Pattern]) -> Result<Vec<&'registry str>> {
    let numbers: Vec<usize> = redis::from_redis_value(answer).map_err(|_| error::unexpected("a subscription"))?;
    let (lanes, _) = in_order(registry, patterns);
    let lane = |number: &usize| lanes.get(number.checked_sub(1)?).map(|(name, _)| name.as_str());
    Ok(numbers.iter().skip(1).filter_map(lane).collect())
}

/// A list in a fixed order, so that two replicas that say the same write the same.
pub(super) fn json<'text>(texts: impl Iterator<Item = &'text str>) -> Result<String> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    serde_json::to_string(&texts).map_err(|cause| error::unexpected("a subscription").with_source(cause))
}
