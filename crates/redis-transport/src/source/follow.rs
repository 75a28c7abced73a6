//! Following: reading along with plain `XREAD`, without a group, so that nothing is stored for a follower. Trimming only
//! leaves it what is some seconds old, while anybody follows. What was trimmed before it was read is counted, by the stream's own count of what was ever added.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use redis::{Pipeline, Value};
use tekup_core::{
    Error, Result,
    transport::{Delivery, DeliveryRef, FollowSpec, Followed, Follower, Start},
};
use tokio::{sync::Notify, time::Instant};

use super::{
    bell::{Ear, Ring},
    join,
    lanes::{Lane, Lanes, takes},
    reader::place_number,
    reply::{self, Entry},
};
use crate::{error, scripts, transport::Shared};

/// How often a follower looks everywhere without having been told to, and counts what it has missed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// For how long trimming is asked to leave what is new: some looks, so that one may fail.
const FOLLOWED_MS: u64 = 20_000;

/// Reads along on Redis.
pub(crate) struct RedisFollower {
    inner: Arc<Following>,
    /// How far each lane was read.
    positions: HashMap<usize, Position>,
    next_look: Instant,
}

/// What the bell tells a follower.
struct Following {
    shared: Arc<Shared>,
    spec: FollowSpec,
    lanes: Lanes,
    /// For each partition: whether there may be lanes that we don't know.
    learn: Vec<AtomicBool>,
    wake: Notify,
    /// Behind which lane the next look begins: of more lanes than one look reads, each has its turn.
    turn: AtomicUsize,
}

/// How far a lane was read. From its beginning, unless it was there when the follower came.
#[derive(Debug, Default)]
struct Position {
    last: Entry,
    /// How many entries were ever added to the lane when we began to count.
    base: u64,
    /// How many of those after were read.
    seen: u64,
    /// What the lane said of itself when it was last looked at.
    facts: Option<Facts>,
}

/// What a stream says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Facts {
    last: Entry,
    added: u64,
}

/// One read of one partition.
type Read = Vec<(usize, Arc<Lane>)>;

impl RedisFollower {
    pub(crate) async fn begin(shared: Arc<Shared>, spec: FollowSpec) -> Result<Self> {
        let lanes = Lanes::new(shared.partitions(), &spec.id);
        let learn = shared.partitions().iter().map(|_| AtomicBool::new(true)).collect();
        let inner = Arc::new(Following { shared, spec, lanes, learn, wake: Notify::new(), turn: AtomicUsize::new(0) });
        let ear: Weak<dyn Ear> = Arc::downgrade(&(inner.clone() as Arc<dyn Ear>));
        inner.shared.bell.listen(ear);
        // First, so that nothing is trimmed between the look and the first read.
        inner.announce().await?;
        inner.learn_lanes().await?;
        let mut positions = HashMap::new();
        for ((place, _), facts) in inner.look().await? {
            let Facts { last, added } = facts;
            positions.insert(place, Position { last, base: added, ..Position::default() });
        }
        Ok(Self { inner, positions, next_look: next_look() })
    }

    async fn read_on(&mut self, most: usize) -> Result<Followed> {
        loop {
            if most == 0 {
                return Ok(Followed::default());
            }
            if self.inner.learn_lanes().await? {
                self.keep_positions();
            }
            self.look_if_due().await?;
            let followed = self.read(most).await?;
            if !followed.deliveries.is_empty() || followed.missed > 0 {
                return Ok(followed);
            }
            // Of many lanes that were to be looked at, one read takes some: what it found empty is not looked at again.
            if self.inner.followed().any(|(_, lane)| lane.is_hot()) {
                continue;
            }
            let _ = tokio::time::timeout_at(self.next_look, self.inner.wake.notified()).await;
        }
    }

    /// What was numbered anew is read on where it was.
    fn keep_positions(&mut self) {
        let table = self.inner.lanes.read();
        for (place, lane) in table.all().iter().enumerate().filter(|(_, lane)| !lane.has_left()) {
            let before = table.all().iter().position(|other| other.has_left() && other.key == lane.key);
            if let Some(position) = before.and_then(|before| self.positions.remove(&before)) {
                self.positions.insert(place, position);
            }
        }
    }

    async fn look_if_due(&mut self) -> Result<()> {
        if Instant::now() < self.next_look {
            return Ok(());
        }
        self.inner.announce().await?;
        for ((place, lane), facts) in self.inner.look().await? {
            self.positions.entry(place).or_default().check(facts);
            lane.set_hot(true);
        }
        self.inner.learn.iter().for_each(|learn| learn.store(true, Relaxed));
        self.next_look = next_look();
        Ok(())
    }

    async fn read(&mut self, most: usize) -> Result<Followed> {
        let reads = self.inner.hot(most);
        let count = (most / reads.values().map(Vec::len).sum::<usize>().max(1)).max(1);
        let mut pipeline = Pipeline::with_capacity(reads.len());
        for lanes in reads.values() {
            // A ring that comes while we read is kept: it is heard after this.
            lanes.iter().for_each(|(_, lane)| lane.set_hot(false));
            let cmd = pipeline.cmd("XREAD").arg("COUNT").arg(count).arg("STREAMS");
            lanes.iter().for_each(|(_, lane)| {
                cmd.arg(&lane.key);
            });
            lanes.iter().for_each(|(place, _)| {
                let last = self.positions.get(place).map_or((0, 0), |position| position.last);
                cmd.arg(reply::entry_text(last));
            });
        }
        let answers = self.inner.shared.reads.all(pipeline).await;
        let answers = answers.inspect_err(|_| reads.values().for_each(heat))?;
        let (mut followed, mut failed) = (Followed::default(), None);
        for (lanes, answer) in reads.into_values().zip(answers) {
            match answer {
                Ok(answer) => self.take(lanes, answer, count, &mut followed),
                Err(error) => {
                    heat(&lanes);
                    failed = failed.or(Some(error));
                }
            }
        }
        followed.deliveries.sort_by_key(|delivery| std::cmp::Reverse(delivery.priority));
        match failed {
            // What the others gave is read already: the error will come again.
            Some(error) if followed.deliveries.is_empty() && followed.missed == 0 => Err(error),
            _ => Ok(followed),
        }
    }

    fn take(&mut self, lanes: Read, answer: Value, count: usize, followed: &mut Followed) {
        let mut found = streams(answer);
        for (place, lane) in lanes {
            let entries = found.remove(lane.key.as_bytes()).unwrap_or_default();
            let position = self.positions.entry(place).or_default();
            let gave_all = entries.len() >= count;
            for (entry, _, fields) in entries.into_iter().filter_map(reply::entry) {
                followed.missed += position.pass(entry);
                followed.deliveries.push(delivery(place, &lane, entry, fields));
            }
            if gave_all {
                lane.set_hot(true);
            } else {
                followed.missed += position.catch_up();
            }
        }
    }
}

impl Follower for RedisFollower {
    fn next(&mut self, most: usize) -> Pin<Box<dyn Future<Output = Result<Followed>> + Send + '_>> {
        Box::pin(self.read_on(most))
    }
}

impl Position {
    /// Takes over what the lane says of itself: it is compared when all that it speaks of was read.
    fn check(&mut self, facts: Facts) {
        if facts.added < self.base {
            // It is another stream: the old one was deleted.
            *self = Self::default();
        }
        self.facts = Some(facts);
    }

    /// An entry is read; answers how many before it were missed.
    fn pass(&mut self, entry: Entry) -> u64 {
        let is_news = self.facts.is_some_and(|facts| entry > facts.last);
        let missed = if is_news { self.catch_up() } else { 0 };
        self.last = entry;
        self.seen += 1;
        missed
    }

    /// All that the lane spoke of was read, or is gone; answers how much was missed.
    fn catch_up(&mut self) -> u64 {
        let Some(facts) = self.facts.take() else { return 0 };
        let missed = facts.added.saturating_sub(self.base).saturating_sub(self.seen);
        // What was added since the lane was looked at may have been read too: it is not to be counted again.
        let ahead = (self.base + self.seen).saturating_sub(facts.added);
        (self.base, self.seen) = (facts.added, ahead);
        missed
    }
}

impl Following {
    /// Keeps what is new from being trimmed until some time after the next look.
    async fn announce(&self) -> Result<()> {
        let partitions = self.shared.partitions();
        let mut pipeline = Pipeline::with_capacity(partitions.len());
        for keys in partitions {
            let mut call = scripts::FOLLOW.call(1);
            call.arg(keys.starts()).arg(FOLLOWED_MS);
            pipeline.add_command(call);
        }
        self.shared.reads.all(pipeline).await?.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// Learns of lanes that are new; answers whether some were numbered anew, in a store that was emptied.
    async fn learn_lanes(&self) -> Result<bool> {
        let of: Vec<usize> = (0..self.learn.len()).filter(|at| self.learn[*at].swap(false, Relaxed)).collect();
        if of.is_empty() {
            return Ok(false);
        }
        let mut any = false;
        let registries = join::registries(&self.shared.reads, self.shared.partitions(), &of).await;
        let registries = registries.inspect_err(|_| of.iter().for_each(|at| self.learn[*at].store(true, Relaxed)))?;
        for (partition, registry) in of.into_iter().zip(registries) {
            let (keys, wanted) = (&self.shared.partitions()[partition], |name: &str| takes(&self.spec.patterns, name));
            if self.lanes.misses(partition, &registry) {
                let read = registry.lanes.iter().map(|(name, _)| name.clone()).filter(|name| wanted(name)).collect();
                self.lanes.relearn(partition, keys, &registry, &read);
                any = true;
            } else {
                self.lanes.learn(partition, keys, &registry, wanted);
            }
        }
        Ok(any)
    }

    /// What each lane says of itself; nothing of one that is not there.
    async fn look(&self) -> Result<Vec<((usize, Arc<Lane>), Facts)>> {
        let lanes: Read = self.followed().collect();
        let mut pipeline = Pipeline::with_capacity(lanes.len());
        for (_, lane) in &lanes {
            pipeline.cmd("XINFO").arg("STREAM").arg(&lane.key);
        }
        let mut looked = Vec::with_capacity(lanes.len());
        for (lane, answer) in lanes.into_iter().zip(self.shared.reads.all(pipeline).await?) {
            match answer {
                Ok(answer) => looked.push((lane, facts(answer)?)),
                Err(error) if is_absent(&error) => looked.push((lane, Facts::default())),
                Err(error) => return Err(error),
            }
        }
        Ok(looked)
    }

    fn followed(&self) -> impl Iterator<Item = (usize, Arc<Lane>)> {
        let table = self.lanes.read();
        let lanes = table.all().iter().enumerate().filter(|(_, lane)| !lane.is_retry() && !lane.has_left());
        lanes.map(|(place, lane)| (place, lane.clone())).collect::<Vec<_>>().into_iter()
    }

    /// Lanes that may hold something new, by partition: no more than are asked for entries.
    fn hot(&self, most: usize) -> BTreeMap<usize, Read> {
        let turn = self.turn.load(Relaxed);
        let (before, mut lanes): (Vec<_>, Vec<_>) =
            self.followed().filter(|(_, lane)| lane.is_hot()).partition(|(place, _)| *place < turn);
        lanes.extend(before);
        lanes.truncate(most);
        let last = lanes.last().map_or(0, |(place, _)| place + 1);
        self.turn.store(last, Relaxed);
        let mut hot: BTreeMap<usize, Read> = BTreeMap::new();
        for (place, lane) in lanes {
            hot.entry(lane.partition).or_default().push((place, lane));
        }
        hot
    }
}

impl Ear for Following {
    fn hear(&self, partition: usize, ring: &Ring<'_>) {
        let learn = || self.learn.get(partition).into_iter().for_each(|learn| learn.store(true, Relaxed));
        match ring {
            Ring::NewLane => {
                learn();
                self.wake.notify_one();
            }
            Ring::Lanes(numbers) => {
                let lanes = self.lanes.read();
                for number in numbers {
                    match lanes.numbered(partition, *number) {
                        Some(Some(lane)) => lane.set_hot(true),
                        Some(None) => continue,
                        None => learn(),
                    }
                    self.wake.notify_one();
                }
            }
            Ring::Gone(_) | Ring::Due(_) | Ring::Released(_) | Ring::Retry(_) => {}
            Ring::State(_) | Ring::Removed(_) | Ring::Remade(_) | Ring::Scheduled => {}
        }
    }

    fn look_everywhere(&self) {
        self.learn.iter().for_each(|learn| learn.store(true, Relaxed));
        self.followed().for_each(|(_, lane)| lane.set_hot(true));
        self.wake.notify_one();
    }
}

fn heat(lanes: &Read) {
    lanes.iter().for_each(|(_, lane)| lane.set_hot(true));
}

fn next_look() -> Instant {
    Instant::now() + LOOK_EVERY.mul_f64(1.0 + fastrand::f64() / 4.0)
}

fn delivery(place: usize, lane: &Lane, entry: Entry, fields: Vec<Value>) -> Delivery {
    // Nobody holds it: the reference is never settled.
    let held = DeliveryRef { lane: place_number(place), epoch: 0, entry, starts: 0 };
    reply::delivery(lane, held, Start::Fresh, fields)
}

/// What `XREAD` answers, by key.
fn streams(answer: Value) -> HashMap<Vec<u8>, Vec<Value>> {
    let Value::Array(streams) = answer else { return HashMap::new() };
    let pair = |stream| {
        let Value::Array(stream) = stream else { return None };
        let mut stream = stream.into_iter();
        match (stream.next(), stream.next()) {
            (Some(Value::BulkString(key)), Some(Value::Array(entries))) => Some((key, entries)),
            _ => None,
        }
    };
    streams.into_iter().filter_map(pair).collect()
}

fn is_absent(error: &Error) -> bool {
    error.to_string().contains("no such key")
}

fn facts(answer: Value) -> Result<Facts> {
    let unexpected = || error::unexpected("what a stream says of itself");
    let Value::Array(parts) = answer else { return Err(unexpected()) };
    let (mut last, mut added) = (None, None);
    let mut parts = parts.into_iter();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        match (name, value) {
            (Value::BulkString(name), Value::BulkString(value)) if name == b"last-generated-id" => {
                last = reply::parse_entry(&value);
            }
            (Value::BulkString(name), Value::Int(value)) if name == b"entries-added" => {
                added = u64::try_from(value).ok()
            }
            _ => {}
        }
    }
    Ok(Facts { last: last.ok_or_else(unexpected)?, added: added.ok_or_else(unexpected)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u64, added: u64) -> Facts {
        Facts { last: (last, 0), added }
    }

    #[test]
    fn what_was_trimmed_unread_is_counted_once() {
        let mut position = Position { last: (10, 0), base: 4, ..Position::default() };
        position.check(at(15, 9));
        // Of five new entries, two are left.
        assert_eq!((position.pass((14, 0)), position.pass((15, 0)), position.catch_up()), (0, 0, 3));
        position.check(at(15, 9));
        assert_eq!(position.catch_up(), 0);
    }

    #[test]
    fn what_comes_after_the_look_is_not_taken_for_missed() {
        let mut position = Position { last: (10, 0), base: 4, ..Position::default() };
        position.check(at(12, 6));
        assert_eq!((position.pass((12, 0)), position.pass((13, 0)), position.catch_up()), (0, 1, 0));
        position.check(at(13, 7));
        assert_eq!(position.catch_up(), 0);
    }

    #[test]
    fn another_stream_of_that_name_is_read_from_its_beginning() {
        let mut position = Position { last: (10, 0), base: 4, ..Position::default() };
        position.check(at(3, 1));
        assert_eq!(position.last, (0, 0));
        assert_eq!((position.pass((3, 0)), position.catch_up()), (0, 0));
    }
}
