//! Repair: what the store has lost of a subscription is made anew, and read on from there.
//!
//! That it was lost is seen by reading (`NOGROUP`), by a registry that does not hold what it held, or by a look now and
//! then. Replicas that see it at once all repair: the first finds something to do, and it alone counts a loss.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{Error, ErrorKind, Pattern, Result, TenantId, Timestamp, transport::Loss};
use tokio::time::Instant;

use super::{
    Inner, join,
    lanes::{Lane, Registry, takes},
    reader::Reader,
};
use crate::{error, scripts};

/// The shortest time from one repair to the next.
const PAUSE: Duration = Duration::from_millis(50);
/// Of so many lanes it is told where they are read on.
const MOST_TOLD: usize = 3;

/// What was found to be lost.
#[derive(Default)]
struct Found {
    registration: bool,
    lanes: usize,
    detail: Vec<String>,
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
        match self.make_anew().await {
            Ok(Some(found)) => self.note_loss(found),
            Ok(None) => {
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
        let mut chosen = Vec::with_capacity(open.len());
        let mut pipeline = Pipeline::with_capacity(open.len());
        for (partition, registry) in open.iter().zip(&registries) {
            let names = self.lanes.names(*partition);
            let is_ours = |name: &str| takes(&self.spec.patterns, name) || names.contains(name);
            let lanes: Vec<_> = registry.lanes.iter().filter(|(name, _)| is_ours(name)).collect();
            pipeline.add_command(self.repair_call(*partition, registry, &lanes)?);
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
            let read = found.take(answer, &lanes)?;
            self.lanes.relearn(*partition, &self.partitions()[*partition], registry, &read);
        }
        Ok(Some(stale))
    }

    fn repair_call(&self, partition: usize, registry: &Registry, lanes: &[&(String, u32)]) -> Result<Cmd> {
        let (keys, spec) = (&self.partitions()[partition], &self.spec);
        let mut cmd = scripts::REPAIR.call(6 + lanes.len());
        cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(&spec.id)).arg(keys.bell());
        cmd.arg(keys.removed());
        for (name, _) in lanes {
            cmd.arg(keys.lane_named(name));
        }
        cmd.arg(&registry.version).arg(&self.group);
        cmd.arg(join::json(spec.patterns.iter().map(Pattern::as_str))?);
        cmd.arg(join::json(spec.tenants.iter().map(TenantId::as_str))?).arg(self.since());
        for (name, number) in lanes {
            cmd.arg(name).arg(number);
        }
        Ok(cmd)
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

    /// Looks whether the registration is there.
    pub(super) async fn ask_whether_registered(&self) -> Result<()> {
        let all: Vec<usize> = (0..self.partitions().len()).collect();
        if !self.are_registered(&all).await?.into_iter().all(|registered| registered) {
            self.lost.store(true, Relaxed);
        }
        Ok(())
    }

    /// For each of some partitions, whether the subscription is registered there.
    pub(super) async fn are_registered(&self, of: &[usize]) -> Result<Vec<bool>> {
        let mut pipeline = Pipeline::with_capacity(of.len());
        for partition in of {
            pipeline.cmd("HEXISTS").arg(self.partitions()[*partition].subscriptions()).arg(&self.group);
        }
        let answers = self.shared.reads.all(pipeline).await?.into_iter();
        answers.map(|answer| Ok(answer? != Value::Int(0))).collect()
    }

    /// A publisher has found streams deleted, and made them anew.
    pub(super) fn note_gone(&self, partition: usize, numbers: &[u32]) {
        let mut found = Found::default();
        let lanes = self.lanes.read();
        for number in numbers {
            if let Some(Some(lane)) = lanes.numbered(partition, *number) {
                found.add(&lane.name, &[]);
            }
        }
        drop(lanes);
        self.note_loss(found);
    }

    /// Whoever trims finds groups missing too, and makes them anew.
    pub(super) fn note_remade(&self, lane: &Lane, remade: Vec<Value>) {
        let mut texts = remade.iter().filter_map(text);
        let (Some(subscription), Some(from)) = (texts.next(), texts.next()) else { return };
        if subscription != self.group {
            return self.losses.note_remade(&lane.name, &subscription, &from);
        }
        lane.set_hot(true);
        self.wake.notify_one();
        self.note_loss(Found { registration: false, lanes: 1, detail: vec![format!("{} from {from}", lane.name)] });
    }
}

impl Found {
    /// Takes over what the script has found; answers the names of the lanes that are read from now on.
    fn take(&mut self, answer: Vec<Value>, lanes: &[&(String, u32)]) -> Result<HashSet<String>> {
        let mut answer = answer.into_iter();
        let (Some(Value::Int(registration)), Some(Value::Int(retries))) = (answer.next(), answer.next()) else {
            return Err(error::unexpected("a repair"));
        };
        self.registration |= registration == 1;
        // Where all was lost, that goes without saying.
        if retries == 1 && registration == 0 {
            self.add("retries", &[]);
        }
        let mut read = HashSet::new();
        for ((name, _), became) in lanes.iter().zip(answer) {
            match became {
                Value::BulkString(word) if word == b"left" => continue,
                Value::Array(remade) => self.add(name, &remade),
                _ => {}
            }
            read.insert(name.clone());
        }
        Ok(read)
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
