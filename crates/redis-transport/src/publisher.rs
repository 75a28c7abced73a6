//! Publishing: a batch becomes one script call for each partition that it touches.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{Cmd, Pipeline, ServerError, Value};
use tekup_core::{
    Error, ErrorKind, EventId, EventType, Priority, Result, TenantId, Timestamp,
    transport::{Due, Outgoing, Receipt},
};

use crate::{
    audited,
    connection::Connection,
    drops::{Cut, DropLog},
    error,
    index::{Bucket, IndexLayout},
    keys::{PartitionKeys, member},
    later,
    layouts::Layouts,
    namespace::Namespace,
    scripts::{self, LaneLimits},
    trace,
    tuning::Tuning,
};

/// What one script call may hold, so that no call stalls the server.
const MOST_EVENTS: usize = 500;
const MOST_BYTES: usize = 1 << 20;
/// A change of the index holds from so long after it on: more than clocks of publishers differ.
const FROM_NOW_MS: u64 = 10_000;
/// How often we trim what we publish, at most.
const TRIM_EVERY: Duration = Duration::from_secs(5);
/// So long nothing is stored with a layout that was just read. One that was lost and made anew stands for another life of
/// the partition, in which no entry may have the number, a millisecond, of one of the life before.
const BETWEEN_LIVES: Duration = Duration::from_millis(2);
/// The same where lanes have a limit.
const CUT_EVERY: Duration = Duration::from_secs(1);
/// How many calls in a row cut one lane.
const MOST_CUTS: usize = 100;
/// How often a change of the layout may get in between before we say so.
const MOST_STALE: usize = 5;

/// Stores batches. Shared by all clones of a transport.
pub(crate) struct Publisher {
    connection: Connection,
    namespace: Arc<Namespace>,
    layouts: Arc<Layouts>,
    window: Duration,
    limits: LaneLimits,
    drops: Arc<DropLog>,
    /// For each partition, when we trim next what we publish.
    next_trim: Mutex<Vec<Instant>>,
    /// For each partition.
    tunings: Mutex<Vec<Tuning>>,
}

/// The events of one call, by their places in the batch.
struct Chunk {
    partition: usize,
    /// Whether they come later.
    is_later: bool,
    events: Vec<usize>,
}

/// What became of one event.
type Outcome = Result<Receipt>;

impl Publisher {
    pub(crate) fn new(
        connection: Connection,
        namespace: Arc<Namespace>,
        layouts: Arc<Layouts>,
        window: Duration,
        limits: LaneLimits,
    ) -> Self {
        let partitions = namespace.partitions();
        let next_trim = Mutex::new(vec![Instant::now() + TRIM_EVERY; partitions.len()]);
        let tunings = Mutex::new(partitions.iter().map(|_| Tuning::new(Instant::now())).collect());
        let drops = Arc::default();
        Self { connection, namespace, layouts, window, limits, drops, next_trim, tunings }
    }

    pub(crate) async fn publish(&self, batch: &[Outgoing]) -> Result<Vec<Outcome>> {
        let repeated = repeated(batch);
        let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let mut chunks = self.chunks(batch, &repeated);
        for _ in 0..MOST_STALE {
            chunks = self.send(batch, chunks, &mut outcomes).await?;
            if chunks.is_empty() {
                repeat(&repeated, &mut outcomes);
                return outcomes
                    .into_iter()
                    .map(|outcome| outcome.ok_or_else(|| error::unexpected("a batch")))
                    .collect();
            }
            self.reload(&chunks).await?;
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "the layout of the index changes faster than it can be read: publish again",
        ))
    }

    /// Sends one call for each chunk, in one round trip; answers those whose layout was out of date.
    async fn send(
        &self,
        batch: &[Outgoing],
        chunks: Vec<Chunk>,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<Vec<Chunk>> {
        let mut pipeline = Pipeline::with_capacity(chunks.len());
        for chunk in &chunks {
            pipeline.add_command(self.call(batch, chunk)?);
        }
        let notes: Vec<Option<Cmd>> = chunks.iter().map(|chunk| self.note(batch, chunk)).collect();
        let is_noted: Vec<bool> = notes.iter().map(Option::is_some).collect();
        notes.into_iter().flatten().for_each(|call| _ = pipeline.add_command(call));
        let mut answers = self.connection.all(pipeline).await?;
        let mut noted = answers.split_off(chunks.len()).into_iter();
        let mut stale = Vec::new();
        for ((chunk, is_noted), answer) in chunks.into_iter().zip(is_noted).zip(answers) {
            self.trim_sometimes(batch, &chunk);
            let noted = if is_noted { noted.next() } else { None };
            match answer {
                Ok(Value::SimpleString(_)) => stale.push(chunk),
                answer => {
                    let answer = answer.and_then(|answer| self.stored(answer, &chunk));
                    let filled = settle(batch, &chunk, answer, outcomes);
                    self.tune(batch, &chunk, filled);
                    self.take_notes_back(batch, &chunk, noted, outcomes);
                }
            }
        }
        Ok(stale)
    }

    /// What was noted in the same round trip and then not stored, as a duplicate or refused, is no effect of anything.
    /// Whether notes were made at all nobody asks: a trace is what is known, not what is sure.
    fn take_notes_back(
        &self,
        batch: &[Outgoing],
        chunk: &Chunk,
        noted: Option<Result<Value>>,
        outcomes: &[Option<Outcome>],
    ) {
        let Some(Ok(Value::Array(noted))) = noted else { return };
        let traced = chunk.events.iter().filter(|place| batch[**place].trace.is_some());
        let is_stored = |place: usize| matches!(outcomes.get(place), Some(Some(Ok(receipt))) if !receipt.duplicate);
        let wrong = traced.zip(noted).filter(|(place, noted)| *noted == Value::Int(1) && !is_stored(**place));
        let keys = &self.namespace.partitions()[chunk.partition];
        for call in wrong.filter_map(|(place, _)| trace::take_back(keys, &batch[*place])) {
            self.later("a note of what was not stored is taken back", call);
        }
    }

    fn stored(&self, answer: Value, chunk: &Chunk) -> Result<Stored> {
        let error_of = |error| error::from_answer(error, self.connection.server().address());
        Stored::read(answer, chunk.events.len(), error_of).ok_or_else(|| error::unexpected("a batch"))
    }

    /// Cuts the index anew if its buckets are too large, or too small.
    fn tune(&self, batch: &[Outgoing], chunk: &Chunk, filled: u64) {
        let layout = self.layouts.of(chunk.partition);
        let last = chunk.events.last().and_then(|place| batch.get(*place));
        let Some(Bucket::Slice { slice_ms, .. }) = last.map(|event| layout.bucket(event.id)) else { return };
        let better = {
            let mut tunings = self.tunings.lock().unwrap_or_else(PoisonError::into_inner);
            tunings.get_mut(chunk.partition).and_then(|tuning| tuning.observe(slice_ms, filled, Instant::now()))
        };
        let Some(better) = better else { return };
        let mut call = scripts::RELAYOUT.call(1);
        call.arg(self.namespace.partitions()[chunk.partition].lanes()).arg(layout.version()).arg(better);
        call.arg(FROM_NOW_MS).arg(self.window.as_secs().saturating_mul(1_000));
        self.later("the index is cut anew", call);
    }

    /// What nobody waits for.
    fn later(&self, what: &'static str, call: Cmd) {
        let connection = self.connection.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.one(call).await {
                tracing::debug!(%error, "{what} another time");
            }
        });
    }

    /// Lanes that no subscription takes are trimmed by nobody else. Those of one batch now and then are enough: the
    /// lanes that grow are the ones that are published to.
    fn trim_sometimes(&self, batch: &[Outgoing], chunk: &Chunk) {
        if chunk.is_later {
            return;
        }
        let now = Instant::now();
        {
            let mut next = self.next_trim.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(next) = next.get_mut(chunk.partition).filter(|next| **next <= now) else { return };
            let every = if self.limits.length > 0 { CUT_EVERY } else { TRIM_EVERY };
            *next = now + every.mul_f64(1.0 + fastrand::f64());
        }
        let lanes: HashSet<String> = chunk.events.iter().map(|place| &batch[*place]).map(lane_name).collect();
        let lanes: Vec<String> = lanes.into_iter().take(scripts::MOST_TRIMMED).collect();
        let (connection, drops, limits) = (self.connection.clone(), self.drops.clone(), self.limits);
        let keys = self.namespace.partitions()[chunk.partition].clone();
        tokio::spawn(async move {
            if let Err(error) = trim(&connection, &keys, limits, lanes, &drops).await {
                tracing::debug!(%error, "lanes are trimmed another time");
            }
        });
    }

    fn chunks(&self, batch: &[Outgoing], repeated: &[(usize, usize)]) -> Vec<Chunk> {
        let partitions = self.namespace.partitions().len();
        // What comes later has chunks of its own, behind the others.
        let kinds = if batch.iter().any(|event| event.due.is_some()) { 2 } else { 1 };
        let mut open: Vec<Option<(Chunk, usize)>> = (0..partitions * kinds).map(|_| None).collect();
        let mut full = Vec::new();
        for (place, event) in batch.iter().enumerate() {
            if repeated.binary_search_by_key(&place, |(place, _)| *place).is_ok() {
                continue;
            }
            let partition = self.namespace.partition_of(&event.tenant);
            let is_later = event.due.is_some();
            let Some(slot) = open.get_mut(partition + partitions * usize::from(is_later)) else { continue };
            let size = event.bytes.len();
            let fits = |(chunk, bytes): &(Chunk, usize)| chunk.events.len() < MOST_EVENTS && bytes + size <= MOST_BYTES;
            if !slot.as_ref().is_some_and(fits) {
                full.extend(slot.take());
            }
            let (chunk, bytes) = slot.get_or_insert_with(|| (Chunk { partition, is_later, events: Vec::new() }, 0));
            chunk.events.push(place);
            *bytes += size;
        }
        full.into_iter().chain(open.into_iter().flatten()).map(|(chunk, _)| chunk).collect()
    }

    fn call(&self, batch: &[Outgoing], chunk: &Chunk) -> Result<Cmd> {
        let keys = &self.namespace.partitions()[chunk.partition];
        let layout = self.layouts.of(chunk.partition);
        if chunk.is_later {
            return later::schedule(keys, &layout, self.window, chunk.events.iter().map(|place| &batch[*place]));
        }
        let plan = Plan::of(batch, chunk, &layout);
        let bytes: usize = chunk.events.iter().map(|place| batch[*place].bytes.len() + 96).sum();
        let audited = audited::records(chunk.events.iter().map(|place| &batch[*place]))?;
        let key_count = 5 + plan.lanes.len() + 2 * plan.runs.len() + usize::from(!audited.is_empty());
        let mut cmd =
            scripts::PUBLISH.call_with_capacity(key_count, key_count * 2 + 2 * chunk.events.len() + 5, bytes + 512);
        plan.write_keys(&mut cmd, keys);
        audited::write_key(&mut cmd, keys, &audited);
        cmd.arg(layout.version()).arg(self.window.as_secs().max(1));
        plan.write_heads(&mut cmd);
        for event in chunk.events.iter().map(|place| &batch[*place]) {
            cmd.arg(member(event.id, Some(event.tenant.as_str()))).arg(&event.bytes[..]);
        }
        audited::write(&mut cmd, &audited);
        Ok(cmd)
    }

    fn note(&self, batch: &[Outgoing], chunk: &Chunk) -> Option<Cmd> {
        let keys = &self.namespace.partitions()[chunk.partition];
        let events = || chunk.events.iter().map(|place| &batch[*place]);
        let wait_of = |event: &Outgoing| Some(event.due?.wait(Timestamp::now()));
        let wait = events().filter_map(wait_of).max().unwrap_or_default();
        trace::note(keys, events(), (self.window + wait.min(Due::LONGEST)).as_secs().max(1))
    }

    /// The layout was changed, or lost with everything else.
    async fn reload(&self, chunks: &[Chunk]) -> Result<()> {
        let partitions: HashSet<usize> = chunks.iter().map(|chunk| chunk.partition).collect();
        for partition in partitions {
            self.layouts.reload(partition).await?;
        }
        tokio::time::sleep(BETWEEN_LIVES).await;
        Ok(())
    }
}

/// Trims lanes, again while they are longer than they may be.
pub(crate) async fn trim(
    connection: &Connection,
    keys: &PartitionKeys,
    limits: LaneLimits,
    mut lanes: Vec<String>,
    drops: &DropLog,
) -> Result<()> {
    drops.tell();
    let who = format!("publisher:{:016x}", fastrand::u64(..));
    for _ in 0..MOST_CUTS {
        let names: Vec<&str> = lanes.iter().map(String::as_str).collect();
        let Value::Array(results) = connection.one(scripts::trim(keys, &who, limits, &names)).await? else { break };
        let mut too_long = Vec::new();
        for (lane, result) in lanes.into_iter().zip(results) {
            if Cut::read(&result).is_some_and(|cut| drops.note(&lane, cut)) {
                too_long.push(lane);
            }
        }
        if too_long.is_empty() {
            break;
        }
        lanes = too_long;
    }
    Ok(())
}

/// The lanes and index buckets that the events of one call go to.
struct Plan<'batch> {
    lanes: Vec<(&'batch EventType, Priority)>,
    /// For each event, the number of its lane, from 1, in two bytes: a call has fewer events than they can count.
    lane_of: Vec<u8>,
    runs: Vec<Run>,
}

/// Events in a row that share a bucket.
struct Run {
    bucket: Bucket,
    first: EventId,
    count: usize,
}

impl<'batch> Plan<'batch> {
    fn of(batch: &'batch [Outgoing], chunk: &Chunk, layout: &IndexLayout) -> Self {
        let mut plan =
            Self { lanes: Vec::new(), lane_of: Vec::with_capacity(2 * chunk.events.len()), runs: Vec::new() };
        let mut numbers: HashMap<(&EventType, Priority), u16> = HashMap::new();
        for place in &chunk.events {
            let event = &batch[*place];
            let lane = (&event.event_type, event.priority);
            let number = *numbers.entry(lane).or_insert_with(|| {
                plan.lanes.push(lane);
                plan.lanes.len() as u16
            });
            plan.lane_of.extend(number.to_be_bytes());
            plan.add_to_run(layout.bucket(event.id), event.id);
        }
        plan
    }

    fn add_to_run(&mut self, bucket: Bucket, id: EventId) {
        match self.runs.last_mut() {
            Some(run) if run.bucket == bucket && bucket != Bucket::Own => run.count += 1,
            _ => self.runs.push(Run { bucket, first: id, count: 1 }),
        }
    }

    fn write_keys(&self, cmd: &mut Cmd, keys: &PartitionKeys) {
        cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.bell());
        cmd.arg(keys.later());
        for (event_type, priority) in &self.lanes {
            cmd.arg(keys.lane(event_type, *priority));
        }
        for run in &self.runs {
            cmd.arg(keys.index(run.bucket, run.first)).arg(keys.index_rest(run.bucket, run.first));
        }
    }

    fn write_heads(&self, cmd: &mut Cmd) {
        cmd.arg(self.lanes.len()).arg(self.runs.len());
        for (event_type, priority) in &self.lanes {
            cmd.arg(format!("{event_type}:{priority}"));
        }
        for run in &self.runs {
            cmd.arg(run.count);
        }
        cmd.arg(&self.lane_of[..]);
    }
}

fn lane_name(event: &Outgoing) -> String {
    format!("{}:{}", event.event_type, event.priority)
}

/// The places of events that the batch holds again, each with the place of the first; in ascending order.
fn repeated(batch: &[Outgoing]) -> Vec<(usize, usize)> {
    // Ids that ascend, as new ones do, can't repeat.
    if batch.is_sorted_by(|a, b| a.id < b.id) {
        return Vec::new();
    }
    let mut seen: HashMap<(EventId, &TenantId), usize> = HashMap::with_capacity(batch.len());
    let mut repeated = Vec::new();
    for (place, event) in batch.iter().enumerate() {
        let first = *seen.entry((event.id, &event.tenant)).or_insert(place);
        if first != place {
            repeated.push((place, first));
        }
    }
    repeated
}

/// What is in a batch twice shares the fate of the first, as a duplicate.
fn repeat(repeated: &[(usize, usize)], outcomes: &mut [Option<Outcome>]) {
    for (place, first) in repeated {
        let outcome = match outcomes.get(*first) {
            Some(Some(Ok(receipt))) => Ok(Receipt::new(receipt.id, true)),
            Some(Some(Err(error))) => Err(Error::new(error.kind(), error.to_string())),
            _ => Err(error::unexpected("a batch")),
        };
        set(outcomes, *place, outcome);
    }
}

/// Answers how many bytes the last bucket holds.
fn settle(batch: &[Outgoing], chunk: &Chunk, answer: Result<Stored>, outcomes: &mut [Option<Outcome>]) -> u64 {
    let again = |error: &Error| Error::new(error.kind(), error.to_string());
    match answer {
        Ok(stored) => {
            for (number, place) in (1..).zip(&chunk.events) {
                let outcome = match &stored.refusal {
                    Some((refused, error)) if refused.binary_search(&number).is_ok() => Err(again(error)),
                    _ => Ok(Receipt::new(batch[*place].id, stored.duplicates.binary_search(&number).is_ok())),
                };
                set(outcomes, *place, outcome);
            }
            stored.filled
        }
        Err(error) => {
            chunk.events.iter().for_each(|place| set(outcomes, *place, Err(again(&error))));
            0
        }
    }
}

/// What a call answered. Events are counted from 1.
struct Stored {
    /// How many bytes the last bucket holds.
    filled: u64,
    duplicates: Vec<usize>,
    /// Those whose lanes can't be written, and why.
    refusal: Option<(Vec<usize>, Error)>,
}

impl Stored {
    fn read(answer: Value, events: usize, error_of: impl Fn(ServerError) -> Error) -> Option<Self> {
        let Value::Array(mut values) = answer else { return None };
        let error = values.pop_if(|last| matches!(last, Value::ServerError(_)));
        let places: Vec<i64> = redis::from_redis_value(Value::Array(values)).ok()?;
        let (filled, places) = places.split_first()?;
        let is_known = |place: &i64| (1..=events as u64).contains(&place.unsigned_abs());
        if !places.is_sorted_by_key(|place| place.unsigned_abs()) || !places.iter().all(is_known) {
            return None;
        }
        let (refused, duplicates): (Vec<i64>, Vec<i64>) = places.iter().partition(|place| **place < 0);
        let refusal = match error {
            Some(Value::ServerError(error)) => Some((numbers(&refused), error_of(error))),
            _ if refused.is_empty() => None,
            _ => return None,
        };
        Some(Self { filled: u64::try_from(*filled).ok()?, duplicates: numbers(&duplicates), refusal })
    }
}

fn numbers(places: &[i64]) -> Vec<usize> {
    places.iter().map(|place| place.unsigned_abs() as usize).collect()
}

fn set(outcomes: &mut [Option<Outcome>], place: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = Some(outcome);
    }
}
