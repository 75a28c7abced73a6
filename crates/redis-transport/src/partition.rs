//! Which partition a tenant is in, and which slot a partition is in.

use tekup_core::TenantId;

/// The most partitions that a namespace may have.
pub(crate) const MOST: u16 = 256;

const SLOTS: usize = 16_384;

/// The number of the tenant's partition: CRC-32 (ISO-HDLC) of its name, modulo the number of partitions.
pub(crate) fn of(tenant: &TenantId, partitions: usize) -> usize {
    of_name(tenant.as_str(), partitions)
}

/// As [`of`], for any other name.
pub(crate) fn of_name(name: &str, partitions: usize) -> usize {
    crc32fast::hash(name.as_bytes()) as usize % partitions.max(1)
}

/// A tag for each partition, `s:<i>.<k>`, with `k` searched so that the slots lie evenly: partition `i` of `n` close to
/// the middle of the `i`th of `n` equal parts of all slots. Any number of masters with equal shares then holds the same
/// number of partitions, give or take one.
pub(crate) fn tags(partitions: u16) -> Vec<String> {
    (0..usize::from(partitions)).map(|partition| tag(partition, usize::from(partitions))).collect()
}

fn tag(partition: usize, partitions: usize) -> String {
    let middle = (2 * partition + 1) * SLOTS / (2 * partitions);
    let near = (SLOTS / partitions / 32).max(1);
    let mut tries = (0..100_000_u32).map(|k| format!("s:{partition}.{k}"));
    let found = tries.find(|tag| usize::from(slot(tag)).abs_diff(middle) < near);
    // Among so many tries one is near enough; if none were, the tag would still be a valid one.
    found.unwrap_or_else(|| format!("s:{partition}.0"))
}

/// The slot of a Redis Cluster that holds the keys with this hash tag: CRC-16 (XMODEM) modulo 16,384.
pub(crate) fn slot(tag: &str) -> u16 {
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_stays_in_its_partition_for_ever() {
        let table = [
            ("tenant-123", 0xf981_99a1, 1),
            ("acme", 0x05c4_ba3e, 6),
            ("123456789", 0xcbf4_3926, 6),
            ("550e8400-e29b-41d4-a716-446655440000", 0xc03c_00f1, 1),
        ];
        for (name, crc, partition) in table {
            let tenant = TenantId::new(name).unwrap();
            assert_eq!((crc32fast::hash(name.as_bytes()), of(&tenant, 8)), (crc, partition), "{name}");
        }
    }

    #[test]
    fn tags_never_change() {
        assert_eq!(tags(1), ["s:0.0"]);
        assert_eq!(tags(3), ["s:0.71", "s:1.30", "s:2.67"]);
        let eight = ["s:0.173", "s:1.76", "s:2.61", "s:3.17", "s:4.270", "s:5.38", "s:6.2", "s:7.59"];
        assert_eq!(tags(8), eight);
    }

    #[test]
    fn equal_masters_hold_equally_many_partitions_give_or_take_one() {
        for partitions in 1..=64 {
            let slots: Vec<usize> = tags(partitions).iter().map(|tag| usize::from(slot(tag))).collect();
            for masters in [1, 2, 3, 4, 6] {
                let mut held = vec![0_usize; masters];
                slots.iter().for_each(|slot| held[slot * masters / SLOTS] += 1);
                let (least, most) = (held.iter().min().unwrap(), held.iter().max().unwrap());
                assert!(most - least <= 1, "{partitions} on {masters}: {held:?}");
            }
        }
    }

    #[test]
    fn the_most_partitions_have_a_slot_each() {
        let slots: std::collections::HashSet<u16> = tags(MOST).iter().map(|tag| slot(tag)).collect();
        assert_eq!(slots.len(), usize::from(MOST));
    }

    #[test]
    fn a_slot_is_the_one_that_the_cluster_specification_computes() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("user1000"), 3443);
    }
}
