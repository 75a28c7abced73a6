//! Recovery: what was handed back or left behind by replicas that are gone is taken over, when there is room for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{
    ErrorKind, Result,
    transport::{Delivery, DeliveryRef, Start},
};

use super::{
    Inner,
    lanes::Lane,
    reader::{Reader, place_number},
    reply,
};
use crate::{error, safeguard::Safeguard, scripts};

/// How many streams one call looks at.
const MOST_STREAMS: usize = 20;

/// Some streams of one partition that are to be searched.
pub(super) struct Search {
    what: What,
    partition: usize,
    streams: Vec<(usize, Arc<Lane>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// For what was handed back.
    Released,
    /// For what has not been renewed for a lease.
    Abandoned,
}

/// What is to be searched still, and where each search goes on.
#[derive(Default)]
pub(super) struct Searches {
    waiting: VecDeque<Search>,
    cursors: HashMap<usize, String>,
}

impl From<VecDeque<Search>> for Searches {
    fn from(waiting: VecDeque<Search>) -> Self {
        Self { waiting, cursors: HashMap::new() }
    }
}

impl Inner {
    /// Takes over at most `most` deliveries, if a search is due.
    pub(super) async fn claim(&self, reader: &mut Reader, most: usize) -> Result<Vec<Delivery>> {
        self.note_searches(&mut reader.searches);
        while !reader.searches.waiting.is_empty() {
            let mut found = self.search(reader, most).await?;
            if self.is_without(Safeguard::StartOneByOne) {
                self.start_all(&mut found).await?;
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// As many searches as there is room for what they may find, in one round trip.
    async fn search(&self, reader: &mut Reader, most: usize) -> Result<Vec<Delivery>> {
        let live = self.shared.reads.live().await?;
        reader.enter(live.epoch(), self);
        let (epoch, consumer) = (live.epoch(), self.consumer(live.epoch()));
        let searches = reader.searches.next(most);
        let each = (most / searches.len().max(1)).max(1);
        let mut pipeline = Pipeline::with_capacity(searches.len());
        for search in &searches {
            pipeline.add_command(self.search_call(search, &consumer, each, &reader.searches.cursors));
        }
        let answers = match self.shared.reads.all_on(live, pipeline, false).await {
            Ok(answers) => answers,
            Err(error) => {
                reader.searches.waiting.extend(searches);
                return if error.kind() == ErrorKind::LeaseLost { Ok(Vec::new()) } else { Err(error) };
            }
        };
        let mut deliveries = Vec::new();
        let mut failed = None;
        for (search, answer) in searches.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    if self.take_found(&search, answer, epoch, &mut reader.searches.cursors, &mut deliveries) {
                        reader.searches.waiting.push_back(search);
                    }
                }
                // It is due until it is done.
                Err(error) => {
                    reader.searches.waiting.push_back(search);
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if deliveries.is_empty() => Err(error),
            _ => Ok(deliveries),
        }
    }

    fn note_searches(&self, searches: &mut Searches) {
        for (partition, flags) in self.flags.iter().enumerate() {
            if flags.released.swap(false, Relaxed) {
                self.note(searches, What::Released, partition);
            }
            if flags.sweep.swap(false, Relaxed) && !self.is_without(Safeguard::Sweep) {
                self.note(searches, What::Abandoned, partition);
            }
        }
    }

    fn note(&self, searches: &mut Searches, what: What, partition: usize) {
        searches.waiting.retain(|search| (search.what, search.partition) != (what, partition));
        let table = self.lanes.read();
        let streams = table.of_partition(partition).filter(|(_, lane)| !self.rests(lane));
        let streams: Vec<_> = streams.map(|(place, lane)| (place, lane.clone())).collect();
        for streams in streams.chunks(MOST_STREAMS) {
            searches.waiting.push_back(Search { what, partition, streams: streams.to_vec() });
        }
    }

    fn search_call(&self, search: &Search, consumer: &str, most: usize, cursors: &HashMap<usize, String>) -> Cmd {
        let keys = search.streams.iter().map(|(_, lane)| &lane.key);
        let (guard, count) = (self.guard(search.partition), search.streams.len());
        let guards = usize::from(guard.is_some());
        if search.what == What::Released {
            let mut cmd = scripts::TAKE_RELEASED.call(count + guards);
            keys.for_each(|key| _ = cmd.arg(key));
            cmd.arg(guard).arg(&self.group).arg(consumer).arg(most).arg(count);
            return cmd;
        }
        let lease = self.lease_ms();
        let mut cmd = scripts::SWEEP.call(1 + count + guards);
        cmd.arg(self.partitions()[search.partition].sweep(&self.spec.id));
        keys.for_each(|key| _ = cmd.arg(key));
        cmd.arg(guard);
        cmd.arg(&self.group).arg(consumer).arg(lease).arg((lease / 4).max(1)).arg(most);
        for (place, _) in &search.streams {
            cmd.arg(cursors.get(place).map_or("0-0", String::as_str));
        }
        cmd
    }

    /// Answers whether there may be more, for one call takes a part of each stream only.
    fn take_found(
        &self,
        search: &Search,
        answer: Value,
        epoch: u32,
        cursors: &mut HashMap<usize, String>,
        deliveries: &mut Vec<Delivery>,
    ) -> bool {
        let Value::Array(mut found) = answer else { return false };
        let mut goes_on = false;
        if search.what == What::Abandoned {
            let (Some(Value::Array(taken)), Some(Value::Array(nexts))) = (found.pop(), found.pop()) else {
                return false;
            };
            for ((place, _), next) in search.streams.iter().zip(nexts) {
                let Value::BulkString(next) = next else { continue };
                goes_on |= next != b"0-0";
                cursors.insert(*place, String::from_utf8_lossy(&next).into_owned());
            }
            found = taken;
        }
        goes_on |= !found.is_empty();
        deliveries.extend(found.into_iter().filter_map(|one| self.found(search, one, epoch)));
        goes_on
    }

    fn found(&self, search: &Search, value: Value, epoch: u32) -> Option<Delivery> {
        let (stream, entry, starts, kind, fields): (usize, Vec<u8>, u32, u8, Vec<Value>) =
            redis::from_redis_value(value).ok()?;
        let (place, lane) = search.streams.get(stream.checked_sub(1)?)?;
        let held = DeliveryRef { lane: place_number(*place), epoch, entry: reply::parse_entry(&entry)?, starts };
        let start = match kind {
            0 => Start::TakenOver,
            1 => Start::Fresh,
            _ => Start::Finished,
        };
        if start == Start::TakenOver {
            self.unstarted().insert(held);
        }
        self.own(lane, held, start, fields)
    }

    pub(super) async fn start(&self, held: DeliveryRef) -> Result<Option<Delivery>> {
        let live = self.live(held.epoch).await?;
        self.unstarted().remove(&held);
        let lane = self.lanes.read().of(held.lane).cloned();
        let Some(lane) = lane.filter(|_| live.epoch() == held.epoch) else { return Ok(None) };
        let guard = self.guard(lane.partition);
        let mut cmd = scripts::START.call(1 + usize::from(guard.is_some()));
        cmd.arg(&lane.key).arg(guard).arg(&self.group).arg(self.consumer(held.epoch));
        cmd.arg(reply::entry_text(held.entry)).arg(held.starts);
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(cmd);
        let answer = match self.shared.commands.all_on(live, pipeline, false).await {
            Err(error) if error.kind() == ErrorKind::LeaseLost => return Ok(None),
            answers => answers?.pop(),
        };
        match answer.ok_or_else(|| error::unexpected("a start"))?? {
            Value::Nil => Ok(None),
            answer => {
                let answer = redis::from_redis_value(answer);
                let (finished, fields): (bool, Vec<Value>) = answer.map_err(|_| error::unexpected("a start"))?;
                let start = if finished { Start::Finished } else { Start::Fresh };
                let held = DeliveryRef { starts: held.starts.saturating_add(1), ..held };
                Ok(Some(reply::delivery(&lane, held, start, fields)))
            }
        }
    }

    /// Counts a start on all that was taken over, whichever of them is started then.
    async fn start_all(&self, found: &mut [Delivery]) -> Result<()> {
        for delivery in found.iter_mut().filter(|delivery| delivery.start == Start::TakenOver) {
            if let Some(started) = self.start(delivery.held).await? {
                delivery.held = started.held;
                self.unstarted().insert(started.held);
            }
        }
        Ok(())
    }

    /// Removes this replica's consumers, as far as they hold nothing.
    pub(super) async fn leave(&self) -> Result<()> {
        let live = self.shared.commands.live().await?;
        let consumer = self.consumer(live.epoch());
        self.remove_consumers(live, &consumer).await
    }

    /// Removes a consumer, and those that are long dead, as far as they hold nothing.
    pub(super) async fn remove_consumers(&self, live: crate::connection::Live, consumer: &str) -> Result<()> {
        let dead_after = self.lease_ms().saturating_mul(10).max(60_000);
        let mut pipeline = Pipeline::new();
        for partition in 0..self.partitions().len() {
            let keys: Vec<String> =
                self.lanes.read().of_partition(partition).map(|(_, lane)| lane.key.clone()).collect();
            for keys in keys.chunks(MOST_STREAMS) {
                let mut cmd = scripts::LEAVE.call(keys.len());
                cmd.arg(keys).arg(&self.group).arg(consumer).arg(dead_after);
                pipeline.add_command(cmd);
            }
        }
        match self.shared.commands.all_on(live, pipeline, false).await {
            Err(error) if error.kind() == ErrorKind::LeaseLost => Ok(()),
            answers => answers?.into_iter().try_for_each(|answer| answer.map(drop)),
        }
    }
}

impl Searches {
    /// The searches that there is room for: each may find one at least.
    fn next(&mut self, most: usize) -> Vec<Search> {
        let count = most.min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }
}
