//! Trimming: what every subscription has settled is removed from the lanes in which something was settled.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Pipeline, Value};
use tekup_core::Result;

use super::{Inner, lanes::Lane};
use crate::scripts;

impl Inner {
    pub(super) async fn trim(&self) -> Result<()> {
        let calls = self.dirty_lanes();
        if calls.is_empty() {
            return Ok(());
        }
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for (partition, lanes) in &calls {
            let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
            pipeline.add_command(scripts::trim(&self.partitions()[*partition], &self.replica, &names));
        }
        let answers = self.shared.commands.all(pipeline).await;
        let answers = answers.inspect_err(|_| calls.iter().for_each(|(_, lanes)| mark_dirty(lanes)))?;
        let mut result = Ok(());
        for ((_, lanes), answer) in calls.iter().zip(answers) {
            match answer {
                Ok(Value::Array(removed)) => {
                    lanes.iter().zip(removed).for_each(|(lane, removed)| self.note_trimmed(lane, removed))
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

    fn note_trimmed(&self, lane: &Lane, removed: Value) {
        match removed {
            Value::Int(removed) if removed < 0 => lane.mark_dirty(),
            // A group was missing: nothing was removed, so that its subscription finds all that it has not settled.
            Value::Array(remade) => {
                lane.mark_dirty();
                self.note_remade(lane, remade);
            }
            _ => {}
        }
    }
}

fn mark_dirty(lanes: &[Arc<Lane>]) {
    lanes.iter().for_each(|lane| lane.mark_dirty());
}
