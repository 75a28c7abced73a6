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
/// With fewer events than these, nothing is known of what one takes, and whoever reads them keeps up.
const FEW: u64 = 1_000;
/// A time for which the memory should last.
const LASTS: Duration = Duration::from_secs(24 * 3_600);
/// What no server knows of itself.
const IN_A_CONTAINER: &str = "in a container give `maxmemory` at most three quarters of the container's limit instead: Redis only \
                              knows what its machine has";

pub(super) fn findings(facts: &Facts, address: &Address) -> Vec<Finding> {
    let Some(memory) = &facts.server.memory else { return Vec::new() };
    match full(memory, address) {
        Some(full) => vec![full],
        None => unlimited(memory, address).or_else(|| forecast(facts, memory, address)).into_iter().collect(),
    }
}

fn full(memory: &Memory, address: &Address) -> Option<Finding> {
    let (share, max) = (memory.share()?, memory.max?);
    (share >= FULL).then(|| {
        let what =
            format!("Redis uses {} of {}: when it is full, nothing more is published", bytes(memory.used), bytes(max));
        larger(Finding::error("memory-full", what), memory, address)
    })
}

/// What lets it go on, if the machine has as much, and what finds out why.
fn larger(finding: Finding, memory: &Memory, address: &Address) -> Finding {
    let finding = match larger_limit(memory) {
        Some(limit) => finding.run(address.redis_cli(&format!("CONFIG SET maxmemory {limit}"))),
        None => finding.advise("its machine has no more: take a larger one, or make room"),
    };
    finding.advise(IN_A_CONTAINER).advise(format!(
        "look what fills it: `{}` shows what waits, what died, and what nobody reads",
        address.tekup("sub ls")
    ))
}

/// Twice as much, and no more than its share of the machine, which is not always all that is there: in a container it is
/// less. `None`, if that is not more.
fn larger_limit(memory: &Memory) -> Option<u64> {
    let now = memory.max?.max(memory.used);
    let twice = now.saturating_mul(2);
    let limit = if memory.system == 0 { twice } else { twice.min(share_of_system(memory)) };
    (limit > now).then_some(limit)
}

fn share_of_system(memory: &Memory) -> u64 {
    memory.system / 4 * 3
}

fn unlimited(memory: &Memory, address: &Address) -> Option<Finding> {
    (memory.max.is_none()).then(|| {
        let what = "Redis has no `maxmemory`: when the machine's memory is full, the system kills it";
        let finding = Finding::warning("memory-unlimited", what);
        let limit = share_of_system(memory);
        let finding = if limit > memory.used {
            finding.run(address.redis_cli(&format!("CONFIG SET maxmemory {limit}")))
        } else {
            finding
        };
        finding.advise(IN_A_CONTAINER).advise("set `maxmemory` in redis.conf too, for the next start")
    })
}

fn forecast(facts: &Facts, memory: &Memory, address: &Address) -> Option<Finding> {
    let stored = stored(&facts.partitions);
    let limit = memory.max?;
    if facts.waiting < FEW || facts.growth <= 0.0 {
        return None;
    }
    let bytes_a_second = facts.growth * float(memory.data) / float(stored);
    let left = Duration::try_from_secs_f64(float(limit.saturating_sub(memory.used)) / bytes_a_second).ok()?;
    (left < LASTS).then(|| {
        let what = format!(
            "{:.0} events a second come that are not settled: at this rate the {} of Redis are full in {}",
            facts.growth,
            bytes(limit),
            short(left)
        );
        larger(Finding::warning("memory-forecast", what), memory, address)
    })
}

#[allow(clippy::cast_precision_loss, reason = "a rate of bytes needs no more than 53 bits")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// In the largest unit of which there is one.
fn bytes(count: u64) -> String {
    match count {
        0..0x400 => format!("{count} B"),
        0x400..0x10_0000 => format!("{:.1} KiB", float(count) / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", float(count >> 10) / 1024.0),
        _ => format!("{:.1} GiB", float(count >> 20) / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit_of_which_there_is_one() {
        let table = [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (16_672_358, "15.9 MiB"), (3 << 29, "1.5 GiB")];
        for (count, told) in table {
            assert_eq!(bytes(count), told);
        }
    }

    #[test]
    fn a_larger_limit_is_never_more_than_three_quarters_of_the_machine() {
        let table = [
            (100, 90, 0, Some(200)),
            (100, 90, 1_000, Some(200)),
            (500, 480, 1_000, Some(750)),
            (800, 790, 1_000, None),
            (100, 120, 0, Some(240)),
        ];
        for (max, used, system, expected) in table {
            let mut memory = Memory::default();
            (memory.max, memory.used, memory.system) = (Some(max), used, system);
            assert_eq!(larger_limit(&memory), expected, "{max} {used} {system}");
        }
    }
}
