//! Trimming: what every subscription has settled is removed from the lanes in which something was settled.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Pipeline, Value};
use tekup_core::Result;

use super::{Inner, lanes::Lane};
use crate::{drops::Cut, scripts};

impl Inner {
    /// Answers whether some lane is longer than it may be.
    pub(super) async fn trim(&self) -> Result<bool> {
        let calls = self.dirty_lanes();
        if calls.is_empty() {
            return Ok(false);
        }
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for (partition, lanes) in &calls {
            let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
            pipeline.add_command(scripts::trim(
                &self.partitions()[*partition],
                &self.replica,
                self.shared.limits,
                &names,
            ));
        }
        let answers = self.shared.commands.all(pipeline).await;
        let answers = answers.inspect_err(|_| calls.iter().for_each(|(_, lanes)| mark_dirty(lanes)))?;
        let mut result = Ok(false);
        for ((_, lanes), answer) in calls.iter().zip(answers) {
            match answer {
                Ok(Value::Array(removed)) => {
                    for (lane, removed) in lanes.iter().zip(removed) {
                        let too_long = self.note_trimmed(lane, removed);
                        result = result.map(|any| any || too_long);
                    }
                }
                // Another trims: it may not know that these are dirty.
                Ok(_) => mark_dirty(lanes),
                Err(error) => {
                    mark_dirty(lanes);
                    result = Err(error);
                }
            }
        }
        result
    }

    /// Lanes that were just learned of may be longer than they may, though nothing is settled in them.
    pub(super) fn doubt_lengths(&self) {
        if self.shared.limits.length > 0 {
            self.lanes.read().all().iter().for_each(|lane| lane.mark_dirty());
        }
    }

    /// The lanes in which something was settled, in portions of one partition each.
    fn dirty_lanes(&self) -> Vec<(usize, Vec<Arc<Lane>>)> {
        let mut dirty: BTreeMap<usize, Vec<Arc<Lane>>> = BTreeMap::new();
        for lane in self.lanes.read().all() {
            if !lane.is_retry() && lane.take_dirty() {
                dirty.entry(lane.partition).or_default().push(lane.clone());
            }
        }
        let portions = |(partition, lanes): (usize, Vec<Arc<Lane>>)| -> Vec<(usize, Vec<Arc<Lane>>)> {
            lanes.chunks(scripts::MOST_TRIMMED).map(|lanes| (partition, lanes.to_vec())).collect()
        };
        dirty.into_iter().flat_map(portions).collect()
    }

    /// Answers whether the lane is longer than it may be.
    fn note_trimmed(&self, lane: &Lane, removed: Value) -> bool {
        if let Some(cut) = Cut::read(&removed) {
            lane.mark_dirty();
            return self.drops.note(&lane.name, cut);
        }
        if matches!(removed, Value::Int(removed) if removed < 0) {
            lane.mark_dirty();
        }
        false
    }
}

fn mark_dirty(lanes: &[Arc<Lane>]) {
    lanes.iter().for_each(|lane| lane.mark_dirty());
}
