//! Joining: a subscription is registered in every partition, with a group on each lane that it takes.
//!
//! The first partition decides which lists hold, and the others follow it, so that two deploys that race can't end with
//! different lists in different partitions. What a joiner that dies leaves half done is mended by the next one, or by
//! whoever looks.
//!
//! Where a partition has many lanes, each call joins a portion of them, and the last one registers the subscription: so no
//! call stalls the server, and nothing is registered before all lanes are joined. What the portions made is marked until
//! then; whoever trims or joins undoes it if its joiner died. Lanes that are taken no more are left afterwards.
//!
//! The joiner can't know the lanes when its script runs, for publishers make new ones all the time. So it reads their
//! version first and gives it to the last call, which answers `STALE` if a lane came in between; a lane made later gives
//! the registered subscription its group itself. If another joiner registered something in between, it begins anew.

use std::collections::HashSet;

use futures_util::future::try_join_all;
use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    Error, ErrorKind, Result,
    transport::{Joining, StartAt},
};

use super::{
    Inner,
    lanes::{Registry, takes},
    registered::read,
};
use crate::{connection::Connection, error, keys::PartitionKeys, record::Record, scripts};

/// How often new lanes may get in between before we say so.
pub(super) const MOST_STALE: usize = 1_000;
/// How many lanes one call joins or leaves.
const LANES_AT_ONCE: usize = 100;

/// One replica that joins.
struct Joiner<'a>(&'a Inner);

/// What becomes of joining a partition.
enum Joined {
    /// The subscription was removed since the replica began.
    Removed,
    /// The record holds there.
    Holds(Record),
    /// Another record holds there, and nothing was changed.
    Overtaken(Record),
}

/// What a call answers.
enum Answer {
    /// A lane came in between.
    Stale,
    /// What was joined before does not hold any more.
    Changed,
    /// More is to come; with the record that is there, if any, and the places of lanes that were marked.
    Portion(String, Vec<usize>),
    /// The record holds, and whether there was one before.
    Holds(Record, bool),
    /// Nothing more is to be done.
    Ended(Joined),
}

/// How far a joiner has come in a partition.
#[derive(Default)]
struct Progress {
    /// The record that was there when it began; `None` before it has.
    seen: Option<String>,
    joined: HashSet<(String, u32)>,
    /// The numbers of the lanes that are marked.
    marked: Vec<u32>,
}

/// Joins in all partitions, and learns their lanes; answers what is registered there now. `None` if the subscription was
/// removed meanwhile.
pub(super) async fn join(replica: &Inner) -> Result<Option<Record>> {
    let joiner = Joiner(replica);
    let Some((record, joined)) = joiner.decide().await? else { return Ok(None) };
    joiner.follow(record, joined).await
}

impl Joiner<'_> {
    /// Asks the first partition, which joins at once if these lists hold; answers in how many partitions it has joined.
    async fn decide(&self) -> Result<Option<(Record, usize)>> {
        match self.join_in(0, None).await? {
            Joined::Holds(record) => Ok(Some((record, 1))),
            Joined::Overtaken(record) => Ok(Some((self.give_way(record)?, 0))),
            Joined::Removed => Ok(None),
        }
    }

    fn give_way(&self, record: Record) -> Result<Record> {
        let (spec, known) = (&self.0.spec, record.registration());
        if spec.joining(Some(&known)) == Joining::Conflict {
            return Err(spec.refusal(&known));
        }
        tracing::warn!(subscription = %spec.id, "{}", spec.lag(&known));
        Ok(record)
    }

    /// Sees to it that the record, or a newer one, is in all partitions after the first of them.
    async fn follow(&self, mut record: Record, joined: usize) -> Result<Option<Record>> {
        let all = self.0.partitions().len();
        let mut open = joined..all;
        for _ in 0..MOST_STALE {
            let mut newest = None;
            for joined in try_join_all(open.map(|partition| self.join_in(partition, Some(&record)))).await? {
                match joined {
                    Joined::Removed => return Ok(None),
                    Joined::Holds(_) => {}
                    Joined::Overtaken(newer) => newest = newer_of(newest, newer),
                }
            }
            let Some(newer) = newest else { return Ok(Some(record)) };
            // What was learned of lanes was learned for other lists.
            self.0.lanes.forget_numbers();
            (record, open) = (newer, 0..all);
        }
        Err(too_fast())
    }

    /// With a record it is followed, without one decided.
    async fn join_in(&self, partition: usize, record: Option<&Record>) -> Result<Joined> {
        let mut progress = Progress::default();
        for _ in 0..MOST_STALE {
            let registries = registries(&self.0.shared.commands, self.0.partitions(), &[partition]).await?;
            let registry = &registries[0];
            match self.join_lanes(partition, record, registry, &mut progress).await? {
                Answer::Holds(record, was_known) => {
                    let left =
                        if was_known { self.leave(partition, registry, &record).await? } else { Some(Vec::new()) };
                    // Another record holds by now, and with it what is to be left is another matter.
                    let Some(kept) = left else {
                        progress = Progress::default();
                        continue;
                    };
                    self.learn(partition, registry, &record, &kept);
                    return Ok(Joined::Holds(record));
                }
                Answer::Ended(joined) => return Ok(joined),
                Answer::Changed => progress = Progress::default(),
                Answer::Stale | Answer::Portion(..) => {}
            }
        }
        Err(too_fast())
    }

    /// Joins all lanes of a partition that were not joined before.
    async fn join_lanes(
        &self,
        partition: usize,
        record: Option<&Record>,
        registry: &Registry,
        progress: &mut Progress,
    ) -> Result<Answer> {
        let patterns = record.map_or(self.0.spec.patterns.as_slice(), Record::patterns);
        let is_open = |lane: &&(String, u32)| takes(patterns, &lane.0) && !progress.joined.contains(*lane);
        let open: Vec<_> = registry.lanes.iter().filter(is_open).collect();
        let last = open.len().saturating_sub(1) / LANES_AT_ONCE * LANES_AT_ONCE;
        for portion in open[..last].chunks(LANES_AT_ONCE) {
            let call = self.call(partition, record, None, portion, progress)?;
            match Answer::read(self.0.shared.commands.one(call).await?)? {
                Answer::Portion(seen, marked) => progress.note(seen, portion, &marked),
                ended => return Ok(ended),
            }
        }
        let call = self.call(partition, record, Some(&registry.version), &open[last..], progress)?;
        Answer::read(self.0.shared.commands.one(call).await?)
    }

    /// Leaves lanes that are taken no more; answers those that are not settled, or `None` where another record holds.
    async fn leave<'lane>(
        &self,
        partition: usize,
        registry: &'lane Registry,
        record: &Record,
    ) -> Result<Option<Vec<&'lane str>>> {
        let keys = &self.0.partitions()[partition];
        let names = registry.lanes.iter().map(|(name, _)| name.as_str());
        let lanes: Vec<_> = names.filter(|name| !takes(record.patterns(), name)).collect();
        let mut kept = Vec::new();
        for names in lanes.chunks(LANES_AT_ONCE) {
            let mut call = scripts::LEAVE_LANES.call(3 + names.len());
            call.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts());
            names.iter().for_each(|name| _ = call.arg(keys.lane_named(name)));
            call.arg(&self.0.group).arg(record.text()).arg(names);
            let answer = self.0.shared.commands.one(call).await?;
            let places: Option<Vec<usize>> =
                redis::from_redis_value(answer).map_err(|_| error::unexpected("lanes that were left"))?;
            let Some(places) = places else { return Ok(None) };
            kept.extend(places.iter().filter_map(|place| names.get(place.checked_sub(1)?)));
        }
        Ok(Some(kept))
    }

    /// Where other lists hold, it reads what both take, and of what is drained only what it could take.
    fn learn(&self, partition: usize, registry: &Registry, record: &Record, kept: &[&str]) {
        let (is_ours, mine) = (record.is_of(&self.0.spec), |name: &str| takes(&self.0.spec.patterns, name));
        let wanted = |name: &str| {
            let is_there = takes(record.patterns(), name) || kept.contains(&name);
            is_there && (is_ours || mine(name))
        };
        self.0.lanes.learn(partition, &self.0.partitions()[partition], registry, wanted);
    }

    /// With a version it is the last portion.
    fn call(
        &self,
        partition: usize,
        record: Option<&Record>,
        version: Option<&str>,
        lanes: &[&(String, u32)],
        progress: &Progress,
    ) -> Result<Cmd> {
        let (spec, keys) = (&self.0.spec, &self.0.partitions()[partition]);
        let mut cmd = scripts::JOIN.call(5 + lanes.len());
        cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(&spec.id));
        cmd.arg(keys.removed());
        lanes.iter().for_each(|(name, _)| _ = cmd.arg(keys.lane_named(name)));
        cmd.arg(version.unwrap_or_default()).arg(&self.0.group);
        match record {
            Some(record) => cmd.arg(record.text()).arg(""),
            None => cmd.arg(Record::head(spec)?).arg(spec.revision),
        };
        cmd.arg(start_text(spec.start_at)).arg(self.0.since()).arg(progress.seen.as_deref().unwrap_or("?"));
        let marked = if version.is_some() { progress.marked.as_slice() } else { &[] };
        cmd.arg(marked.len()).arg(marked);
        for (name, number) in lanes {
            cmd.arg(name).arg(number);
        }
        Ok(cmd)
    }
}

impl Progress {
    fn note(&mut self, seen: String, portion: &[&(String, u32)], marked: &[usize]) {
        self.seen = Some(seen);
        let number = |place: &usize| portion.get(place.checked_sub(1)?).map(|lane| lane.1);
        self.marked.extend(marked.iter().filter_map(number));
        self.joined.extend(portion.iter().map(|lane| (*lane).clone()));
    }
}

impl Answer {
    fn read(answer: Value) -> Result<Self> {
        if was_removed(&answer) {
            return Ok(Self::Ended(Joined::Removed));
        }
        let unexpected = || error::unexpected("a subscription");
        let mut parts = match answer {
            Value::SimpleString(word) if word == "CHANGED" => return Ok(Self::Changed),
            Value::SimpleString(_) => return Ok(Self::Stale),
            Value::Array(parts) => parts.into_iter(),
            _ => return Err(unexpected()),
        };
        let (Some(Value::BulkString(word)), Some(Value::BulkString(text))) = (parts.next(), parts.next()) else {
            return Err(unexpected());
        };
        let rest: Vec<usize> = redis::from_redis_value(Value::Array(parts.collect())).map_err(|_| unexpected())?;
        match word.as_slice() {
            b"portion" => Ok(Self::Portion(String::from_utf8(text).map_err(|_| unexpected())?, rest)),
            b"joined" => Ok(Self::Holds(read(&text)?, rest == [1])),
            b"overtaken" => Ok(Self::Ended(Joined::Overtaken(read(&text)?))),
            _ => Err(unexpected()),
        }
    }
}

/// Whether a script says that the subscription was removed since its replica began.
pub(super) fn was_removed(answer: &Value) -> bool {
    matches!(answer, Value::SimpleString(word) if word == "REMOVED")
}

fn start_text(start: StartAt) -> String {
    match start {
        StartAt::At(time) if time.unix_millis() > 0 => time.unix_millis().to_string(),
        // No entry lies before all times.
        StartAt::At(_) | StartAt::Beginning => "beginning".into(),
        _ => "now".into(),
    }
}

/// The newer one of two records.
pub(super) fn newer_of(known: Option<Record>, other: Record) -> Option<Record> {
    match known {
        Some(known) if !other.is_newer_than(&known) => Some(known),
        _ => Some(other),
    }
}

fn too_fast() -> Error {
    let message = "new lanes are made faster than they can be joined: open the subscription again";
    Error::new(ErrorKind::Unavailable, message)
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
