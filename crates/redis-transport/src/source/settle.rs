//! Settling: successes in plain batches, everything else by scripts that check who holds the delivery.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    ErrorKind, Result,
    transport::{Settled, Settlement, Verdict},
};

use super::{Inner, lanes::Lane, reply};
use crate::{error, keys, safeguard::Safeguard, scripts};

/// How many deliveries one script call settles.
const MOST: usize = 100;
/// How many entries one `XACK` names.
const MOST_ACKS: usize = 500;
/// How much of an error is kept.
const MOST_ERROR_BYTES: usize = 1_024;

/// Verdicts that one command or script takes effect of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ack,
    Finish,
    Retry,
    DeadLetter,
    Release,
}

/// One settlement, with its place in the batch and its stream.
pub(super) struct Item<'batch> {
    place: usize,
    settlement: &'batch Settlement,
    pub(super) lane: Arc<Lane>,
}

/// What one command settles: all of one kind and partition, and for acks of one stream.
pub(super) struct Group<'batch> {
    kind: Kind,
    pub(super) partition: usize,
    pub(super) items: Vec<Item<'batch>>,
}

impl Inner {
    pub(super) async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        let mut settled = vec![Settled::LeaseLost; batch.len()];
        let Some(epoch) = batch.iter().map(|settlement| settlement.held.epoch).max() else { return Ok(settled) };
        let live = self.live(epoch).await?;
        let consumer = self.consumer(live.epoch());
        let groups = self.groups(&batch, live.epoch());
        if groups.is_empty() {
            return Ok(settled);
        }
        if self.is_without(Safeguard::Fence) {
            self.seize(&groups, &consumer).await?;
        }
        let mut pipeline = Pipeline::with_capacity(groups.len());
        for group in &groups {
            pipeline.add_command(self.command(group, &consumer));
        }
        let answers = match self.shared.commands.all_on(live, pipeline, false).await {
            Err(error) if error.kind() == ErrorKind::LeaseLost => return Ok(settled),
            answers => answers?,
        };
        for (group, answer) in groups.iter().zip(answers) {
            self.note_settled(group, answer?, &mut settled)?;
        }
        self.wake_keeper.notify_one();
        Ok(settled)
    }

    /// What the settlements of the present life of the server come to.
    fn groups<'batch>(&self, batch: &'batch [Settlement], epoch: u32) -> Vec<Group<'batch>> {
        let table = self.lanes.read();
        let mut sorted: BTreeMap<(Kind, usize, u32), Vec<Item<'batch>>> = BTreeMap::new();
        for (place, settlement) in batch.iter().enumerate() {
            let held = settlement.held;
            let Some(lane) = table.of(held.lane).filter(|_| held.epoch == epoch) else { continue };
            let kind = Kind::of(&settlement.verdict, lane);
            if kind == Kind::Release && self.is_without(Safeguard::HandBack) {
                continue;
            }
            let of_lane = if kind == Kind::Ack { held.lane } else { 0 };
            let item = Item { place, settlement, lane: lane.clone() };
            sorted.entry((kind, lane.partition, of_lane)).or_default().push(item);
        }
        let mut groups = Vec::with_capacity(sorted.len());
        for ((kind, partition, _), items) in sorted {
            let most = if kind == Kind::Ack { MOST_ACKS } else { MOST };
            let mut items = items.into_iter().peekable();
            while items.peek().is_some() {
                groups.push(Group { kind, partition, items: items.by_ref().take(most).collect() });
            }
        }
        groups
    }

    fn command(&self, group: &Group<'_>, consumer: &str) -> Cmd {
        match group.kind {
            Kind::Ack => self.ack(group),
            Kind::Finish => self.finish(group),
            Kind::Retry => self.retry(group, consumer),
            Kind::DeadLetter => self.dead_letter(group, consumer),
            Kind::Release => self.release(group, consumer),
        }
    }

    fn ack(&self, group: &Group<'_>) -> Cmd {
        if self.spec.idempotency.is_some() {
            return self.ack_noted(group);
        }
        if !self.is_surely_alive() {
            return self.ack_in_doubt(group);
        }
        let mut cmd = Cmd::with_capacity(group.items.len() + 3, group.items.len() * 18 + 128);
        cmd.arg("XACK").arg(group.items.first().map_or("", |item| item.lane.key.as_str())).arg(&self.group);
        for item in &group.items {
            cmd.arg(item.entry());
        }
        cmd
    }

    /// For a replica that stood still for so long that its subscription may have been removed, and begun anew, which may
    /// have been given the same entries.
    fn ack_in_doubt(&self, group: &Group<'_>) -> Cmd {
        let mut cmd = scripts::ACK.call(2);
        cmd.arg(group.items.first().map_or("", |item| item.lane.key.as_str()));
        cmd.arg(self.partitions()[group.partition].removed()).arg(&self.group).arg(self.since());
        group.items.iter().for_each(|item| _ = cmd.arg(item.entry()));
        cmd
    }

    fn finish(&self, group: &Group<'_>) -> Cmd {
        let keys = &self.partitions()[group.partition];
        let guard = self.guard(group.partition);
        let mut cmd = scripts::FINISH.call(3 + usize::from(guard.is_some()));
        cmd.arg(keys.retry(&self.spec.id)).arg(keys.exceptions(&self.spec.id)).arg(keys.removed()).arg(guard);
        cmd.arg(&self.group).arg(self.window_ms()).arg(self.since());
        for item in &group.items {
            cmd.arg(item.entry()).arg(item.member()).arg(u8::from(item.is_finished()));
        }
        cmd
    }

    fn retry(&self, group: &Group<'_>, consumer: &str) -> Cmd {
        let (keys, id) = (&self.partitions()[group.partition], &self.spec.id);
        let first = [keys.due(id), keys.waiting(id), keys.exceptions(id), keys.bell(), keys.retry(id)];
        let (mut cmd, lanes) = group.call(&scripts::RETRY, &first);
        cmd.arg(&self.group).arg(consumer);
        for item in &group.items {
            let Verdict::Retry { delay, failures, error } = &item.settlement.verdict else { continue };
            item.write(&mut cmd, &lanes);
            // So many milliseconds are exact as a number of Lua's, and more than anyone waits.
            let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).min(1 << 50);
            cmd.arg(delay).arg(failures).arg(cut(error));
        }
        cmd
    }

    fn dead_letter(&self, group: &Group<'_>, consumer: &str) -> Cmd {
        let (keys, id) = (&self.partitions()[group.partition], &self.spec.id);
        let first =
            [keys.dead(id), keys.letters(id), keys.exceptions(id), keys.books(id), keys.gone(id), keys.retry(id)];
        let (mut cmd, lanes) = group.call(&scripts::DEAD_LETTER, &first);
        cmd.arg(&self.group).arg(consumer);
        self.write_limits(&mut cmd);
        for item in &group.items {
            let Verdict::DeadLetter { reason, attempts, error } = &item.settlement.verdict else { continue };
            item.write(&mut cmd, &lanes);
            cmd.arg(reason.as_str()).arg(attempts).arg(cut(error));
        }
        cmd
    }

    fn release(&self, group: &Group<'_>, consumer: &str) -> Cmd {
        let lanes = group.lanes(|_| true);
        let mut cmd = scripts::RELEASE.call(1 + lanes.len());
        cmd.arg(self.partitions()[group.partition].bell());
        for (_, lane) in &lanes {
            cmd.arg(&lane.key);
        }
        cmd.arg(&self.group).arg(consumer).arg(self.lease_ms());
        let unstarted = self.unstarted();
        for item in &group.items {
            let held = item.settlement.held;
            // What was taken over and not started here keeps the starts of those who may have died of it.
            let starts = if unstarted.contains(&held) { held.starts } else { held.starts.saturating_sub(1) };
            cmd.arg(number_of(&lanes, held.lane)).arg(item.entry()).arg(held.starts).arg(starts);
        }
        cmd
    }

    /// Without a fence, whoever speaks last is right: what another holds by now is made to look as if it were still ours.
    async fn seize(&self, groups: &[Group<'_>], consumer: &str) -> Result<()> {
        let mut pipeline = Pipeline::new();
        for item in groups.iter().filter(|group| group.kind != Kind::Ack).flat_map(|group| &group.items) {
            let cmd = pipeline.cmd("XCLAIM").arg(&item.lane.key).arg(&self.group).arg(consumer).arg(0);
            cmd.arg(item.entry()).arg("RETRYCOUNT").arg(item.settlement.held.starts).arg("JUSTID");
        }
        self.shared.commands.all(pipeline).await.map(drop)
    }

    fn note_settled(&self, group: &Group<'_>, answer: Value, settled: &mut [Settled]) -> Result<()> {
        let done = match (group.kind, answer) {
            // The count is exact; which ones they were is not told for more than one.
            (Kind::Ack, Value::Int(ended)) => (0..group.items.len()).map(|at| u64::from((at as i64) < ended)).collect(),
            (kind, answer) => {
                let mut done: Vec<u64> = redis::from_redis_value(answer).map_err(|_| error::unexpected("a verdict"))?;
                if matches!(kind, Kind::Retry | Kind::DeadLetter) && !done.is_empty() {
                    let head = done.remove(0);
                    self.note_head(group, head);
                }
                done
            }
        };
        if done.len() != group.items.len() {
            return Err(error::unexpected("a verdict"));
        }
        // Nearly always empty: only what was taken over is in it.
        let mut unstarted = self.unstarted();
        for (item, done) in group.items.iter().zip(done) {
            item.lane.mark_dirty();
            if !unstarted.is_empty() {
                unstarted.remove(&item.settlement.held);
            }
            if let Some(slot) = settled.get_mut(item.place).filter(|_| done == 1) {
                *slot = Settled::Done;
            }
        }
        Ok(())
    }

    /// What a script says beside its verdicts.
    fn note_head(&self, group: &Group<'_>, head: u64) {
        match group.kind {
            Kind::Retry => self.note_waiting(group.partition, head),
            Kind::DeadLetter => self.tell_of_gone(head),
            _ => {}
        }
    }
}

impl Kind {
    fn of(verdict: &Verdict, lane: &Lane) -> Self {
        match verdict {
            Verdict::Ack | Verdict::Skip if lane.is_retry() => Self::Finish,
            Verdict::Ack | Verdict::Skip => Self::Ack,
            Verdict::Retry { .. } => Self::Retry,
            Verdict::DeadLetter { .. } => Self::DeadLetter,
            Verdict::Release => Self::Release,
        }
    }
}

impl Group<'_> {
    /// The streams of the group that are wanted, in the order of their numbers.
    fn lanes(&self, wanted: impl Fn(&Lane) -> bool) -> Vec<(u32, Arc<Lane>)> {
        let mut lanes: Vec<_> = self.items.iter().map(|item| (item.settlement.held.lane, item.lane.clone())).collect();
        lanes.retain(|(_, lane)| wanted(lane));
        lanes.sort_unstable_by_key(|(number, _)| *number);
        lanes.dedup_by_key(|(number, _)| *number);
        lanes
    }

    /// A call with these keys, then those of the lanes; the retry stream is one of the former.
    fn call(&self, script: &scripts::Script, first: &[String]) -> (Cmd, Vec<(u32, Arc<Lane>)>) {
        let lanes = self.lanes(|lane| !lane.is_retry());
        let mut cmd = script.call_with_capacity(first.len() + lanes.len(), self.items.len() * 8 + 16, 1_024);
        cmd.arg(first);
        for (_, lane) in &lanes {
            cmd.arg(&lane.key);
        }
        (cmd, lanes)
    }
}

impl Item<'_> {
    /// Whether the subscription has done what it had to do.
    pub(super) fn is_finished(&self) -> bool {
        self.settlement.verdict == Verdict::Ack
    }

    pub(super) fn entry(&self) -> String {
        reply::entry_text(self.settlement.held.entry)
    }

    pub(super) fn member(&self) -> Vec<u8> {
        keys::member(self.settlement.id, self.settlement.tenant.as_ref().map(|tenant| tenant.as_str()))
    }

    /// Which delivery it is, as both scripts that move one want it.
    fn write(&self, cmd: &mut Cmd, lanes: &[(u32, Arc<Lane>)]) {
        let held = self.settlement.held;
        let lane = if self.lane.is_retry() { 0 } else { number_of(lanes, held.lane) };
        cmd.arg(lane).arg(self.entry()).arg(held.starts).arg(self.member()).arg(&self.lane.name);
    }
}

/// The place of a stream among those of a call, from 1.
fn number_of(lanes: &[(u32, Arc<Lane>)], lane: u32) -> usize {
    lanes.partition_point(|(number, _)| *number < lane) + 1
}

fn cut(error: &str) -> &str {
    let mut end = error.len().min(MOST_ERROR_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"a".repeat(2_000)).len(), 1_024);
        assert_eq!(cut(&"ä".repeat(2_000)).len(), 1_024);
        assert_eq!(cut(&format!("a{}", "ä".repeat(2_000))).len(), 1_023);
    }
}
