use std::collections::BTreeMap;

use redis::Cmd;
use tekup_core::{TenantId, Timestamp, transport::LetterKey};

use super::RedisAdmin;
use crate::keys::member;

/// Letters of one partition, as they are named there.
pub(super) struct Placed {
    pub(super) partition: usize,
    pub(super) letters: Vec<Named>,
}

#[derive(Clone)]
pub(super) struct Named {
    pub(super) member: Vec<u8>,
    died: Option<i64>,
}

impl Named {
    /// As both scripts that move letters want it: the member, then when it died, or nothing for whenever that was.
    pub(super) fn write(&self, call: &mut Cmd) {
        call.arg(self.member.as_slice()).arg(self.died.map_or_else(String::new, |ms| ms.to_string()));
    }
}

impl RedisAdmin {
    /// Where letters are looked for: a tenant tells its partition, a stranger's entry may be in any.
    pub(super) fn placed(&self, letters: Vec<LetterKey>) -> Vec<Placed> {
        let mut by_partition: BTreeMap<usize, Vec<Named>> = BTreeMap::new();
        for letter in letters {
            let member = member(letter.id, letter.tenant.as_ref().map(TenantId::as_str));
            let named = Named { member, died: letter.died.map(Timestamp::unix_millis) };
            for partition in self.partitions_of(letter.tenant.as_ref()) {
                by_partition.entry(partition).or_default().push(named.clone());
            }
        }
        by_partition.into_iter().map(|(partition, letters)| Placed { partition, letters }).collect()
    }
}
