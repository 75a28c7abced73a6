//! What a source knows of its subscription's registration: a newer replica may have changed it, and one that died may
//! have left it half done.

use std::sync::{Arc, PoisonError, atomic::Ordering::Relaxed};

use redis::Value;
use tekup_core::Result;

use super::{Inner, join::newer_of, lanes::takes};
use crate::{error, record::Record};

impl Inner {
    /// The newest record that this replica has seen.
    pub(super) fn record(&self) -> Arc<Record> {
        self.record.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has joined with.
    pub(super) fn begin_with(&self, record: Record) {
        self.behind.store(!record.is_of(&self.spec), Relaxed);
        *self.record.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(record);
    }

    /// Takes over a newer record: what was learned of lanes was learned for other lists.
    pub(super) fn note_record(&self, newer: Record) {
        let mut known = self.record.write().unwrap_or_else(PoisonError::into_inner);
        if !newer.is_newer_than(&known) {
            return;
        }
        if known.is_of(&self.spec) && !newer.is_of(&self.spec) {
            self.tell_displaced(&newer);
        }
        self.behind.store(!newer.is_of(&self.spec), Relaxed);
        *known = Arc::new(newer);
        drop(known);
        self.lanes.forget_numbers();
        self.flags.iter().for_each(|flags| flags.learn.store(true, Relaxed));
    }

    /// An old deploy is displaced by a newer one as it should be; of two that nobody counts it may be the wrong one.
    fn tell_displaced(&self, newer: &Record) {
        let (spec, registered) = (&self.spec, newer.registration());
        if registered.revision == 0 {
            tracing::warn!(subscription = %self.group, "{}", spec.taking_over(&registered));
        } else {
            tracing::info!(subscription = %self.group, "{}", spec.lag(&registered));
        }
    }

    /// Whether a lane that is new to this replica is one to read: where other lists hold, what both take.
    pub(super) fn wants(&self, record: &Record, name: &str) -> bool {
        takes(record.patterns(), name) && takes(&self.spec.patterns, name)
    }

    /// Looks whether the same is registered everywhere, and whether others have made anew what it had lost.
    pub(super) async fn ask_whether_registered(&self) -> Result<()> {
        let all: Vec<usize> = (0..self.partitions().len()).collect();
        if self.is_any_untold().await? {
            self.lost.store(true, Relaxed);
        }
        let records = self.records(&all).await?;
        let newest = self.record();
        let is_newest = |record: &Option<Record>| record.as_ref().is_some_and(|one| one.age(&newest).is_eq());
        if !records.iter().all(is_newest) {
            self.lost.store(true, Relaxed);
        }
        Ok(())
    }

    async fn is_any_untold(&self) -> Result<bool> {
        let mut pipeline = redis::Pipeline::with_capacity(self.partitions().len());
        for keys in self.partitions() {
            pipeline.cmd("HEXISTS").arg(keys.starts()).arg(format!("{}\n~remade", self.group));
        }
        // Where a key is no hash any more, reading fails, and says so.
        Ok(self.shared.reads.all(pipeline).await?.iter().any(|answer| matches!(answer, Ok(Value::Int(1)))))
    }

    /// For each of some partitions what is registered there, of which the newest is taken over.
    pub(super) async fn records(&self, of: &[usize]) -> Result<Vec<Option<Record>>> {
        let mut pipeline = redis::Pipeline::with_capacity(of.len());
        for partition in of {
            pipeline.cmd("HGET").arg(self.partitions()[*partition].subscriptions()).arg(&self.group);
        }
        let mut records = Vec::with_capacity(of.len());
        for (partition, answer) in of.iter().zip(self.shared.reads.all(pipeline).await?) {
            let unreadable = |_| error::unreadable_record(&self.group, &self.partitions()[*partition].subscriptions());
            records.push(match answer? {
                Value::BulkString(text) => Some(read(&text).map_err(unreadable)?),
                _ => None,
            });
        }
        if let Some(newest) = records.iter().flatten().cloned().fold(None, newer_of) {
            self.note_record(newest);
        }
        Ok(records)
    }
}

pub(super) fn read(text: &[u8]) -> Result<Record> {
    let record = std::str::from_utf8(text).ok().and_then(Record::read);
    record.ok_or_else(|| error::unexpected("a subscription"))
}
