//! The guard of a subscription that asks for it: what it has finished is noted with its ack, and told when it comes again.
//!
//! Both are done by the scripts that move a delivery: there is no moment in which one is done and the other is not.

use redis::Cmd;

use super::{Inner, reader::Read, settle::Group};
use crate::scripts;

impl Inner {
    /// The key of what is finished, for those who ask not to be given that again.
    pub(super) fn guard(&self, partition: usize) -> Option<String> {
        self.spec.idempotency.map(|_| self.partitions()[partition].finished(&self.spec.id))
    }

    /// For how long it is to be known; 0 for those who do not ask for it.
    pub(super) fn window_ms(&self) -> u64 {
        self.spec.idempotency.map_or(0, |window| u64::try_from(window.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn read_guarded(&self, read: &Read, consumer: &str) -> Cmd {
        let partition = read.lanes.first().map_or(0, |(_, lane)| lane.partition);
        let mut cmd = scripts::READ_GUARDED.call(1 + read.lanes.len());
        cmd.arg(self.guard(partition));
        read.lanes.iter().for_each(|(_, lane)| _ = cmd.arg(&lane.key));
        cmd.arg(&self.group).arg(consumer).arg(read.count);
        cmd
    }

    pub(super) fn ack_noted(&self, group: &Group<'_>) -> Cmd {
        let mut cmd = scripts::ACK_NOTED.call(3);
        cmd.arg(group.items.first().map_or("", |item| item.lane.key.as_str())).arg(self.guard(group.partition));
        cmd.arg(self.partitions()[group.partition].removed());
        cmd.arg(&self.group).arg(self.window_ms()).arg(self.since()).arg(group.items.len());
        group.items.iter().for_each(|item| _ = cmd.arg(item.entry()));
        group.items.iter().filter(|item| item.is_finished()).for_each(|item| _ = cmd.arg(item.member()));
        cmd
    }
}
