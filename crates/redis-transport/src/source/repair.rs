//! Repair: what the store has lost of a subscription is made anew, and read on from there.
//!
//! That it was lost is seen by reading (`NOGROUP`), by a registry that does not hold what it held, or by a look now and
//! then. Replicas that see it at once all repair: the first finds something to do, and it alone counts a loss. What was
//! made anew by somebody who does not read it, a publisher or whoever trims or joins, is noted in the store and rung for:
//! the first replica that repairs takes the note, and counts it.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{Error, ErrorKind, Result, SubscriptionId, Timestamp, transport::Loss};
use tokio::time::Instant;

use super::{
    Inner, join,
    lanes::{Registry, takes},
    reader::Reader,
    registered,
};
use crate::{error, keys::PartitionKeys, record::Record, scripts};

/// The shortest time from one repair to the next.
const PAUSE: Duration = Duration::from_millis(50);
/// Of so many lanes it is told where they are read on.
const MOST_TOLD: usize = 3;

/// What was found to be lost.
#[derive(Default)]
pub(super) struct Found {
    registration: bool,
    lanes: usize,
    pub(super) detail: Vec<String>,
}

impl Inner {
    /// Makes anew whatever is lost, in all partitions.
    ///
    /// # Errors
    /// [`ErrorKind::SubscriptionLost`] if it can't be made anew, and those after which another try may help.
    pub(super) async fn repair(&self, reader: &mut Reader) -> Result<()> {
        if let Some(next) = reader.next_repair {
            tokio::time::sleep_until(next).await;
        }
        reader.next_repair = Some(Instant::now() + PAUSE);
        self.begun.store(false, Relaxed);
        match self.make_anew().await {
            Ok(Some(found)) => self.note_loss(found),
            Ok(None) => {
                self.note_counted(None);
                self.lost.store(true, Relaxed);
                return Err(self.was_removed());
            }
            Err(cause) => {
                self.lost.store(true, Relaxed);
                return Err(self.beyond_repair(cause));
            }
        }
        // Entries that are new may be before those where a search would go on.
        reader.searches = VecDeque::new().into();
        self.flags.iter().for_each(|flags| flags.sweep.store(true, Relaxed));
        self.heat_all();
        // Who lives may be lost, too.
        self.wake_state.notify_one();
        Ok(())
    }

    /// `None` if it was removed since this replica began.
    async fn make_anew(&self) -> Result<Option<Found>> {
        self.shared.namespace().restore(&self.shared.commands).await?;
        let mut found = Found::default();
        let mut open: Vec<usize> = (0..self.partitions().len()).collect();
        // The newest wins, whoever repairs first: it is given to all partitions.
        self.records(&open).await?;
        for _ in 0..join::MOST_STALE {
            let Some(stale) = self.make_anew_in(&open, &mut found).await? else { return Ok(None) };
            open = stale;
            if open.is_empty() {
                return Ok(Some(found));
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "new lanes are made faster than lost groups can be made anew"))
    }

    /// Answers the partitions in which a lane came in between; `None` if the subscription was removed.
    async fn make_anew_in(&self, open: &[usize], found: &mut Found) -> Result<Option<Vec<usize>>> {
        let registries = join::registries(&self.shared.commands, self.partitions(), open).await?;
        let record = self.record();
        let mut chosen = Vec::with_capacity(open.len());
        let mut pipeline = Pipeline::with_capacity(open.len());
        for (partition, registry) in open.iter().zip(&registries) {
            let names = self.lanes.names(*partition);
            let is_ours = |name: &str| takes(record.patterns(), name) || names.contains(name);
            let lanes: Vec<_> = registry.lanes.iter().filter(|(name, _)| is_ours(name)).collect();
            let keys = &self.partitions()[*partition];
            pipeline.add_command(call(keys, &self.spec.id, &record, registry, &lanes, &self.since()));
            chosen.push(lanes);
        }
        let mut stale = Vec::new();
        let answers = self.shared.commands.all(pipeline).await?;
        for (((partition, registry), lanes), answer) in open.iter().zip(&registries).zip(chosen).zip(answers) {
            let answer = answer?;
            if join::was_removed(&answer) {
                return Ok(None);
            }
            let Value::Array(answer) = answer else {
                stale.push(*partition);
                continue;
            };
            let (newest, there) = found.take(answer, &lanes)?;
            let names = self.lanes.names(*partition);
            let read = there.into_iter().filter(|name| names.contains(name) || self.wants(&newest, name)).collect();
            self.lanes.relearn(*partition, &self.partitions()[*partition], registry, &read);
            self.note_record(newest);
        }
        Ok(Some(stale))
    }

    /// What is lost again before anybody reads is one loss.
    fn note_loss(&self, found: Found) {
        if found.registration || found.lanes > 0 {
            let Found { registration, lanes, detail } = found;
            self.losses
                .note(&self.group, Loss { at: Timestamp::now(), registration, lanes, detail: detail.join(", ") });
        }
    }

    fn was_removed(&self) -> Error {
        let message = format!(
            "subscription `{}` was removed for good, with all that it had, while this replica was frozen or cut off: \
             subscribe again to begin a new one",
            self.group
        );
        Error::new(ErrorKind::SubscriptionLost, message)
    }

    fn beyond_repair(&self, cause: Error) -> Error {
        if cause.is_retryable() {
            return cause;
        }
        let message = format!(
            "subscription `{}` has lost what it reads from, and it can't be made anew: {cause}; mend that, then subscribe again",
            self.group
        );
        Error::new(ErrorKind::SubscriptionLost, message).with_source(cause)
    }
}

/// Makes anew what is lost in one partition. `since`: when the one who repairs began to be a replica.
pub(super) fn call(
    keys: &PartitionKeys,
    id: &SubscriptionId,
    record: &Record,
    registry: &Registry,
    lanes: &[&(String, u32)],
    since: &str,
) -> Cmd {
    let mut cmd = scripts::REPAIR.call(6 + lanes.len());
    cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(id)).arg(keys.bell());
    cmd.arg(keys.removed());
    for (name, _) in lanes {
        cmd.arg(keys.lane_named(name));
    }
    cmd.arg(&registry.version).arg(id.to_string()).arg(record.text()).arg(since);
    for (name, number) in lanes {
        cmd.arg(name).arg(number);
    }
    cmd
}

impl Found {
    /// Takes over what the script has found; answers what is registered, and the names of the lanes with a group.
    pub(super) fn take(&mut self, answer: Vec<Value>, lanes: &[&(String, u32)]) -> Result<(Record, HashSet<String>)> {
        let mut answer = answer.into_iter();
        let (
            Some(Value::Int(registration)),
            Some(Value::Int(retries)),
            Some(Value::BulkString(record)),
            Some(Value::BulkString(untold)),
        ) = (answer.next(), answer.next(), answer.next(), answer.next())
        else {
            return Err(error::unexpected("a repair"));
        };
        self.add_untold(&String::from_utf8_lossy(&untold));
        let record = registered::read(&record)?;
        self.registration |= registration == 1;
        // Where all was lost, that goes without saying.
        if retries == 1 && registration == 0 {
            self.add("retries", &[]);
        }
        let mut there = HashSet::new();
        for ((name, _), became) in lanes.iter().zip(answer) {
            match became {
                Value::BulkString(word) if word == b"left" => continue,
                Value::Array(remade) => self.add(name, &remade),
                _ => {}
            }
            there.insert(name.clone());
        }
        Ok((record, there))
    }

    /// What others have made anew: in how many lanes, and some of them.
    fn add_untold(&mut self, untold: &str) {
        let Some((lanes, detail)) = untold.split_once(' ') else { return };
        self.lanes += lanes.parse().unwrap_or(1);
        if self.detail.len() < MOST_TOLD {
            self.detail.push(detail.to_owned());
        }
    }

    fn add(&mut self, name: &str, remade: &[Value]) {
        self.lanes += 1;
        if self.detail.len() >= MOST_TOLD {
            return;
        }
        let from = remade.first().and_then(text).unwrap_or_else(|| "0-0".into());
        self.detail.push(match remade.get(1) {
            Some(Value::Int(follow)) if *follow >= 0 => format!("{name} from {from} ({follow} follow)"),
            _ => format!("{name} from {from}"),
        });
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}
