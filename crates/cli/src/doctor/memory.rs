//! Whether the memory of the server is enough, and for how long.

use std::time::Duration;

use tekup_redis_transport::Memory;

use super::{
    facts::{Facts, stored},
    finding::Finding,
};
use crate::{server::Address, units::short};

/// Which share of the memory is nearly all of it.
const FULL: f64 = 0.9;
/// With fewer events than these, nothing is known of what one takes.
const FEW: u64 = 1_000;
/// A time for which the memory should last.
const LASTS: Duration = Duration::from_secs(24 * 3_600);
/// Without a limit, it is this share of what the machine has: the rest is for what else Redis needs.
const SHARE_OF_SYSTEM: f64 = 0.75;

pub(super) fn findings(facts: &Facts, address: &Address) -> Vec<Finding> {
    let memory = &facts.server.memory;
    match full(memory, address) {
        Some(full) => vec![full],
        None => [unlimited(memory, address), forecast(facts, address)].into_iter().flatten().collect(),
    }
}

fn full(memory: &Memory, address: &Address) -> Option<Finding> {
    let (share, max) = (memory.share()?, memory.max?);
    (share >= FULL).then(|| {
        let what =
            format!("Redis uses {} of {}: when it is full, nothing more is published", bytes(memory.used), bytes(max));
        larger(Finding::error("memory-full", what), max.max(memory.used), address)
    })
}

/// What lets it go on, and what finds out why.
fn larger(finding: Finding, now: u64, address: &Address) -> Finding {
    finding.run(address.redis_cli(&format!("CONFIG SET maxmemory {}", now.saturating_mul(2)))).advise(format!(
        "look what fills it: `{}` shows what waits, what died, and what nobody reads",
        address.tekup("sub ls")
    ))
}

fn unlimited(memory: &Memory, address: &Address) -> Option<Finding> {
    (memory.max.is_none()).then(|| {
        let what = "Redis has no `maxmemory`: when the machine's memory is full, the system kills it";
        let finding = Finding::warning("memory-unlimited", what);
        let finding = match memory.system {
            0 => finding,
            system => {
                finding.run(address.redis_cli(&format!("CONFIG SET maxmemory {:.0}", part(system, SHARE_OF_SYSTEM))))
            }
        };
        finding.advise("set `maxmemory` in redis.conf too, for the next start")
    })
}

fn forecast(facts: &Facts, address: &Address) -> Option<Finding> {
    let (memory, stored) = (&facts.server.memory, stored(&facts.partitions));
    let limit = memory.max.or((memory.system > 0).then_some(memory.system))?;
    if stored < FEW || facts.growth <= 0.0 {
        return None;
    }
    let growth = facts.growth * part(memory.data, 1.0) / part(stored, 1.0);
    let left = Duration::try_from_secs_f64(part(limit.saturating_sub(memory.used), 1.0 / growth)).ok()?;
    (left < LASTS).then(|| {
        let what = format!(
            "{:.0} events a second come that are not settled: at this rate the {} of Redis are full in {}",
            facts.growth,
            bytes(limit),
            short(left)
        );
        larger(Finding::warning("memory-forecast", what), limit, address)
    })
}

#[allow(clippy::cast_precision_loss, reason = "a share of bytes needs no more than 53 bits")]
fn part(of: u64, share: f64) -> f64 {
    of as f64 * share
}

/// In the largest unit of which there is one.
fn bytes(count: u64) -> String {
    match count {
        0..0x400 => format!("{count} B"),
        0x400..0x10_0000 => format!("{} KiB", count >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", count >> 20),
        _ => format!("{} GiB", count >> 30),
    }
}
