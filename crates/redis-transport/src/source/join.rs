//! Joining: a subscription is registered in every partition, with a group on each lane that it takes.
//!
//! The first partition decides which lists hold, and the others follow it, so that two deploys that race can't end with
//! different lists in different partitions. What a joiner that dies leaves half done is mended by the next one, or by
//! whoever looks.
//!
//! The joiner can't know the lanes when its script runs, for publishers make new ones all the time. So it reads their
//! version first and gives it to the script, which answers `STALE` if a lane came in between; a lane made later gives the
//! registered subscription its group itself.

use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    Error, ErrorKind, Pattern, Result,
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

/// One replica that joins.
struct Joiner<'a>(&'a Inner);

/// What a partition answers.
enum Answer {
    /// A lane came in between.
    Stale,
    /// The subscription was removed since the replica began.
    Removed,
    /// The record holds there; with the places of lanes that are not taken any more.
    Joined(Record, Vec<usize>),
    /// Another record holds there, and nothing was changed.
    Overtaken(Record),
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
        for _ in 0..MOST_STALE {
            match self.call_all(&[0], None).await?.pop() {
                Some(Answer::Joined(record, _)) => return Ok(Some((record, 1))),
                Some(Answer::Overtaken(record)) => return Ok(Some((self.give_way(record)?, 0))),
                Some(Answer::Removed) => return Ok(None),
                Some(Answer::Stale) | None => {}
            }
        }
        Err(too_fast())
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
        let mut open: Vec<usize> = (joined..self.0.partitions().len()).collect();
        for _ in 0..MOST_STALE {
            let (mut stale, mut newest) = (Vec::new(), None);
            for (partition, answer) in open.iter().zip(self.call_all(&open, Some(&record)).await?) {
                match answer {
                    Answer::Removed => return Ok(None),
                    Answer::Stale => stale.push(*partition),
                    Answer::Joined(..) => {}
                    Answer::Overtaken(newer) => newest = newer_of(newest, newer),
                }
            }
            if let Some(newer) = newest {
                // What was learned of lanes was learned for other lists.
                self.0.lanes.forget_numbers();
                (record, open) = (newer, (0..self.0.partitions().len()).collect());
            } else if stale.is_empty() {
                return Ok(Some(record));
            } else {
                open = stale;
            }
        }
        Err(too_fast())
    }

    /// With a record it is followed, without one decided.
    async fn call_all(&self, of: &[usize], record: Option<&Record>) -> Result<Vec<Answer>> {
        let (connection, partitions) = (&self.0.shared.commands, self.0.partitions());
        let registries = registries(connection, partitions, of).await?;
        let patterns = record.map_or(self.0.spec.patterns.as_slice(), Record::patterns);
        let mut pipeline = Pipeline::with_capacity(of.len());
        for (partition, registry) in of.iter().zip(&registries) {
            pipeline.add_command(self.call(&partitions[*partition], record, registry, patterns)?);
        }
        let mut answers = Vec::with_capacity(of.len());
        let read = connection.all(pipeline).await?;
        for ((partition, registry), answer) in of.iter().zip(&registries).zip(read) {
            let answer = Answer::read(answer?)?;
            if let Answer::Joined(record, kept) = &answer {
                self.learn(*partition, registry, record, &names(registry, patterns, kept));
            }
            answers.push(answer);
        }
        Ok(answers)
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

    fn call(
        &self,
        keys: &PartitionKeys,
        record: Option<&Record>,
        registry: &Registry,
        patterns: &[Pattern],
    ) -> Result<Cmd> {
        let spec = &self.0.spec;
        let (lanes, taken) = in_order(registry, patterns);
        let mut cmd = scripts::JOIN.call(5 + lanes.len());
        cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.retry(&spec.id));
        cmd.arg(keys.removed());
        for (name, _) in &lanes {
            cmd.arg(keys.lane_named(name));
        }
        cmd.arg(&registry.version).arg(spec.id.to_string());
        match record {
            Some(record) => cmd.arg(record.text()).arg(""),
            None => cmd.arg(Record::head(spec)?).arg(spec.revision),
        };
        cmd.arg(taken).arg(start_text(spec.start_at)).arg(self.0.since());
        for (name, number) in &lanes {
            cmd.arg(name).arg(number);
        }
        Ok(cmd)
    }
}

impl Answer {
    fn read(answer: Value) -> Result<Self> {
        if was_removed(&answer) {
            return Ok(Self::Removed);
        }
        if matches!(answer, Value::SimpleString(_)) {
            return Ok(Self::Stale);
        }
        let unexpected = || error::unexpected("a subscription");
        let Value::Array(parts) = answer else { return Err(unexpected()) };
        let mut parts = parts.into_iter();
        let (Some(Value::Int(joined)), Some(Value::BulkString(text))) = (parts.next(), parts.next()) else {
            return Err(unexpected());
        };
        let record = read(&text)?;
        if joined == 0 {
            return Ok(Self::Overtaken(record));
        }
        let kept = redis::from_redis_value(Value::Array(parts.collect())).map_err(|_| unexpected())?;
        Ok(Self::Joined(record, kept))
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

/// All lanes: first those that the subscription takes.
fn in_order<'registry>(registry: &'registry Registry, patterns: &[Pattern]) -> (Vec<&'registry (String, u32)>, usize) {
    let (mut taken, others): (Vec<_>, Vec<_>) = registry.lanes.iter().partition(|(name, _)| takes(patterns, name));
    let count = taken.len();
    taken.extend(others);
    (taken, count)
}

/// The names of lanes by their places from 1.
fn names<'registry>(registry: &'registry Registry, patterns: &[Pattern], places: &[usize]) -> Vec<&'registry str> {
    let (lanes, _) = in_order(registry, patterns);
    let name = |place: &usize| lanes.get(place.checked_sub(1)?).map(|(name, _)| name.as_str());
    places.iter().filter_map(name).collect()
}
