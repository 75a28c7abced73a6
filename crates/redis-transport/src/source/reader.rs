//! Fetching: choose among the lanes that may hold something, read them in one round trip, wait when none does.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    Error, ErrorKind, Priority, Result,
    transport::{Delivery, DeliveryRef},
};
use tokio::time::Instant;

use super::{
    Inner, join,
    lanes::Lane,
    plan::{Hot, Turns},
    ration::Ration,
    recovery::{Search, Searches},
    reply,
};

use crate::error;

/// How often a source looks everywhere without having been told to.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// In how many reads a batch is put together, where the first found less than it might have.
const MOST_ROUNDS: usize = 3;

/// What `fetch` keeps from one call to the next.
#[derive(Default)]
pub(super) struct Reader {
    epoch: u32,
    next_look: Option<Instant>,
    asks_whether_registered: bool,
    pub(super) next_repair: Option<Instant>,
    turns: Turns,
    ration: Ration,
    pub(super) searches: Searches,
}

/// One read of one partition: the lanes in the order in which they are named, and how much of each.
pub(super) struct Read {
    pub(super) lanes: Vec<(usize, Arc<Lane>)>,
    pub(super) count: usize,
    /// Whether all of them are taken to hold so much.
    is_narrow: bool,
}

impl Inner {
    pub(super) async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        if self.closed.load(Relaxed) {
            let message = format!("subscription `{}` is closed here: open it again to read from it", self.group);
            return Err(Error::new(ErrorKind::Closed, message));
        }
        let mut reader = self.reader.lock().await;
        loop {
            if self.interrupted.swap(false, Relaxed) || self.closed.load(Relaxed) || most == 0 {
                return Ok(Vec::new());
            }
            self.hand_on().await?;
            let look_again = reader.look_if_due(self);
            if std::mem::take(&mut reader.asks_whether_registered) {
                self.ask_whether_registered().await?;
            }
            self.learn_lanes().await?;
            // Also while it is paused: nobody else may know what it has lost.
            if self.lost.swap(false, Relaxed) {
                self.repair(&mut reader).await?;
            }
            if let Some(wait) = self.reach_start().await? {
                let time = look_again.min(Instant::now() + wait);
                let _ = tokio::time::timeout_at(time, self.wake.notified()).await;
                continue;
            }
            if self.is_paused() {
                let _ = tokio::time::timeout_at(look_again, self.wake.notified()).await;
                continue;
            }
            let most = self.ration(&mut reader.ration, most).await?;
            if most == 0 {
                let next = reader.ration.next.map_or(look_again, |next| next.min(look_again));
                let _ = tokio::time::timeout_at(next, self.wake.notified()).await;
                continue;
            }
            let found = self.claim(&mut reader, most).await?;
            if !found.is_empty() {
                return Ok(self.give(&mut reader, found).await);
            }
            let found = match self.read_hot(&mut reader, most).await {
                Err(error) if error.kind() == ErrorKind::SubscriptionLost => {
                    self.repair(&mut reader).await?;
                    continue;
                }
                found => found?,
            };
            if !found.is_empty() {
                return Ok(self.give(&mut reader, found).await);
            }
            self.hand_on().await?;
            self.give_back(&mut reader.ration).await?;
            let _ = tokio::time::timeout_at(look_again, self.wake.notified()).await;
        }
    }

    /// What is ours must not wait for what is not.
    async fn give(&self, reader: &mut Reader, found: Vec<Delivery>) -> Vec<Delivery> {
        reader.ration.spend(found.len());
        if let Err(error) = self.hand_on().await {
            tracing::debug!(subscription = %self.group, %error, "what is for a newer deploy goes back later");
        }
        found
    }

    /// Reads until there is no more room, or nothing is known to wait; never in more rounds than are worth their time.
    async fn read_hot(&self, reader: &mut Reader, most: usize) -> Result<Vec<Delivery>> {
        let mut found = Vec::new();
        let mut rounds = 0;
        while found.len() < most && (rounds < MOST_ROUNDS || found.is_empty()) {
            let reads = self.reads(&mut reader.turns, most - found.len());
            if reads.is_empty() {
                break;
            }
            match self.read(reader, reads).await {
                Ok(more) => found.extend(more),
                // What the rounds before gave is ours already: the error will come again.
                Err(_) if !found.is_empty() => break,
                Err(error) => return Err(error),
            }
            rounds += 1;
        }
        found.sort_by_key(|delivery| std::cmp::Reverse(delivery.priority));
        Ok(found)
    }

    /// Learns of lanes that are new.
    async fn learn_lanes(&self) -> Result<()> {
        let of: Vec<usize> = (0..self.flags.len()).filter(|at| self.flags[*at].learn.swap(false, Relaxed)).collect();
        if of.is_empty() {
            return Ok(());
        }
        let learned = self.learn_of(&of).await;
        learned.inspect_err(|_| of.iter().for_each(|at| self.flags[*at].learn.store(true, Relaxed)))
    }

    async fn learn_of(&self, of: &[usize]) -> Result<()> {
        let registries = join::registries(&self.shared.reads, self.partitions(), of).await?;
        let registered = self.records(of).await?;
        let record = self.record();
        for ((partition, registry), registered) in of.iter().zip(registries).zip(registered) {
            let is_older = registered.is_none_or(|there| record.is_newer_than(&there));
            if is_older || self.lanes.misses(*partition, &registry) {
                self.lost.store(true, Relaxed);
                continue;
            }
            let wanted = |name: &str| self.wants(&record, name);
            self.lanes.learn(*partition, &self.partitions()[*partition], &registry, wanted);
        }
        self.doubt_lengths();
        Ok(())
    }

    /// What to read next: one read for each partition and class, the highest class first.
    fn reads(&self, turns: &mut Turns, most: usize) -> Vec<Read> {
        let table = self.lanes.read();
        let mut hot: [Hot; 4] = Default::default();
        hot.iter_mut().for_each(|class| class.all_deep = true);
        for (place, lane) in table.all().iter().enumerate() {
            let full = self.flags.get(lane.partition).is_some_and(|flags| flags.full.load(Relaxed));
            if lane.is_hot() && (lane.is_retry() || !full) && !self.rests(lane) {
                let class = &mut hot[class_of(lane.priority)];
                class.lanes.push(place);
                class.all_deep &= lane.is_deep();
            }
        }
        let mut reads = Vec::new();
        for share in turns.share(&hot, most) {
            let mut by_partition: BTreeMap<usize, Read> = BTreeMap::new();
            for place in share.lanes {
                let Some(lane) = table.get(place) else { continue };
                let read = by_partition.entry(lane.partition);
                read.or_insert_with(|| Read { lanes: Vec::new(), count: share.count, is_narrow: share.is_narrow })
                    .lanes
                    .push((place, lane.clone()));
            }
            reads.extend(by_partition.into_values());
        }
        reads
    }

    async fn read(&self, reader: &mut Reader, reads: Vec<Read>) -> Result<Vec<Delivery>> {
        let live = self.shared.reads.live().await?;
        reader.enter(live.epoch(), self);
        let (epoch, consumer) = (live.epoch(), self.consumer(live.epoch()));
        let mut pipeline = Pipeline::with_capacity(reads.len());
        for read in &reads {
            // A ring that comes while we read is kept: it is heard after this.
            read.lanes.iter().for_each(|(_, lane)| lane.cool());
            pipeline.add_command(self.read_call(read, &consumer));
        }
        let answers = match self.shared.reads.all_on(live, pipeline, false).await {
            Ok(answers) => answers,
            Err(error) => {
                reads.iter().for_each(Read::heat);
                // In the next life all begins anew.
                return if error.kind() == ErrorKind::LeaseLost { Ok(Vec::new()) } else { Err(error) };
            }
        };
        self.take(epoch, reads, answers).await
    }

    fn read_call(&self, read: &Read, consumer: &str) -> Cmd {
        if self.spec.idempotency.is_some() {
            return self.read_guarded(read, consumer);
        }
        let mut cmd = redis::cmd("XREADGROUP");
        cmd.arg("GROUP").arg(&self.group).arg(consumer).arg("COUNT").arg(read.count).arg("STREAMS");
        read.lanes.iter().for_each(|(_, lane)| _ = cmd.arg(&lane.key));
        read.lanes.iter().for_each(|_| _ = cmd.arg(">"));
        cmd
    }

    async fn take(&self, epoch: u32, reads: Vec<Read>, answers: Vec<Result<Value>>) -> Result<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        let mut failed = None;
        for (read, answer) in reads.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    self.count_retries(&read);
                    let (hoped, before) = (read.hopes_for(), deliveries.len());
                    read.take(self, epoch, answer, &mut deliveries);
                    if deliveries.len() - before < hoped {
                        self.lanes.read().forget_depths();
                    }
                }
                Err(error) => {
                    read.heat();
                    let loss = self.loss(&read, error).await;
                    failed = failed.or(loss);
                }
            }
        }
        match failed {
            // What the others gave is ours already: the error will come again.
            Some(error) if deliveries.is_empty() => Err(error),
            _ => Ok(deliveries),
        }
    }

    /// What is taken from a full partition's retry stream makes room: the next move of retries counts.
    fn count_retries(&self, read: &Read) {
        let Some((_, lane)) = read.lanes.iter().find(|(_, lane)| lane.is_retry()) else { return };
        if let Some(flags) = self.flags.get(lane.partition).filter(|flags| flags.full.load(Relaxed)) {
            flags.due.store(true, Relaxed);
            self.wake_keeper.notify_one();
        }
    }

    /// What failed, unless it is no loss; if that can't be told, why not.
    async fn loss(&self, read: &Read, error: Error) -> Option<Error> {
        if error.kind() != ErrorKind::SubscriptionLost {
            return Some(error);
        }
        match self.has_left_any(read).await {
            Ok(true) => None,
            Ok(false) => Some(error),
            // A repair meets it again, and says of what it is the cause.
            Err(cause) => Some(if cause.is_retryable() { cause } else { error }),
        }
    }

    /// Whether it is no loss: a newer replica takes some of these lanes no more, and the subscription has left them.
    async fn has_left_any(&self, read: &Read) -> Result<bool> {
        let Some((_, first)) = read.lanes.first() else { return Ok(false) };
        let mut ask = redis::cmd("HMGET");
        ask.arg(self.partitions()[first.partition].starts());
        for (_, lane) in &read.lanes {
            ask.arg(format!("{}\n{}\nleft", self.group, lane.number));
        }
        let left: Vec<Option<String>> =
            redis::from_redis_value(self.shared.reads.one(ask).await?).map_err(|_| error::unexpected("a start"))?;
        let mut any = false;
        for ((_, lane), _) in read.lanes.iter().zip(left).filter(|(_, left)| left.is_some()) {
            lane.leave();
            any = true;
        }
        Ok(any)
    }
}

impl Read {
    /// How much it must give for its lanes to be as deep as they were taken for.
    fn hopes_for(&self) -> usize {
        if self.is_narrow { self.count * self.lanes.len() } else { 0 }
    }

    fn heat(&self) {
        self.lanes.iter().for_each(|(_, lane)| lane.set_hot(true));
    }

    /// Lanes that gave all they were asked for may hold more.
    fn take(self, inner: &Inner, epoch: u32, answer: Value, deliveries: &mut Vec<Delivery>) {
        let Value::Array(streams) = answer else { return };
        let mut lanes = self.lanes.iter();
        for stream in streams {
            let Value::Array(stream) = stream else { continue };
            let mut stream = stream.into_iter();
            let (Some(Value::BulkString(key)), Some(Value::Array(entries))) = (stream.next(), stream.next()) else {
                continue;
            };
            let Some((place, lane)) = lanes.find(|(_, lane)| lane.key.as_bytes() == key) else { continue };
            // Never cooled here, for a ring may have come since the read.
            let gave_all = entries.len() >= self.count;
            lane.set_deep(gave_all);
            if gave_all {
                lane.set_hot(true);
            }
            deliveries.extend(entries.into_iter().filter_map(reply::entry).filter_map(|(entry, start, fields)| {
                let held = DeliveryRef { lane: place_number(*place), epoch, entry, starts: 1 };
                inner.own(lane, held, start, fields)
            }));
        }
    }
}

impl Reader {
    /// Looks everywhere if it is time to; answers when it will be.
    fn look_if_due(&mut self, inner: &Inner) -> Instant {
        let now = Instant::now();
        match self.next_look {
            Some(next) if next > now => next,
            looked => {
                self.asks_whether_registered = true;
                // The first time, all lanes are hot as they are made.
                if looked.is_some() {
                    inner.heat_all();
                }
                inner.flags.iter().for_each(|flags| flags.rests.store(false, Relaxed));
                let next = now + LOOK_EVERY.mul_f64(1.0 + fastrand::f64() / 4.0);
                self.next_look = Some(next);
                next
            }
        }
    }

    /// In a new life of the server nothing of the old one counts.
    pub(super) fn enter(&mut self, epoch: u32, inner: &Inner) {
        if std::mem::replace(&mut self.epoch, epoch) == epoch {
            return;
        }
        inner.unstarted().clear();
        inner.lanes.forget_numbers();
        inner.flags.iter().for_each(|flags| flags.learn.store(true, Relaxed));
        self.searches = VecDeque::<Search>::new().into();
        inner.flags.iter().for_each(|flags| flags.sweep.store(true, Relaxed));
        inner.heat_all();
    }
}

fn class_of(priority: Priority) -> usize {
    Priority::ALL.iter().position(|one| *one == priority).unwrap_or(0)
}

pub(super) fn place_number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
