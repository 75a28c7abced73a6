use std::collections::BTreeMap;

use tekup_core::{TenantId, transport::LetterKey};

use super::RedisAdmin;
use crate::keys::member;

/// Letters of one partition, as they are named there.
pub(super) struct Placed {
    pub(super) partition: usize,
    pub(super) members: Vec<Vec<u8>>,
}

impl RedisAdmin {
    /// Where letters are looked for: a tenant tells its partition, a stranger's entry may be in any.
    pub(super) fn placed(&self, letters: Vec<LetterKey>) -> Vec<Placed> {
        let mut by_partition: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        for letter in letters {
            let member = member(letter.id, letter.tenant.as_ref().map(TenantId::as_str));
            for partition in self.partitions_of(letter.tenant.as_ref()) {
                by_partition.entry(partition).or_default().push(member.clone());
            }
        }
        by_partition.into_iter().map(|(partition, members)| Placed { partition, members }).collect()
    }
}
