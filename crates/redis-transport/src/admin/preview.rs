//! What opening a subscription would do.

use std::collections::BTreeSet;

use tekup_core::{
    EventType, Result,
    transport::{Joining, Preview, SourceSpec, StartAt},
};

use super::{
    RedisAdmin,
    registration::{Partitions, draining},
};

impl RedisAdmin {
    pub(super) async fn foresee(&self, spec: &SourceSpec) -> Result<Preview> {
        let partitions = self.fresh_snapshots().await?;
        let mut preview = Preview::new(spec, self.newest_of(&partitions, &spec.id).await?);
        let types: BTreeSet<EventType> =
            partitions.iter().flat_map(|snapshot| snapshot.lanes().map(|(_, (event_type, _))| event_type)).collect();
        preview.gains = types.into_iter().filter(|one| preview.would_gain(one)).collect();
        let left = self.unsettled(&partitions, &spec.id, |one| preview.would_drain(one)).await?;
        preview.drains = left.into_iter().map(draining).collect();
        if preview.joining == Joining::New && spec.start_at == StartAt::Beginning {
            preview.begins_with = self.lying(&partitions, &preview).await?;
        }
        Ok(preview)
    }

    /// How many entries lie in the lanes that would be taken.
    async fn lying(&self, partitions: &Partitions, preview: &Preview) -> Result<u64> {
        let mut calls = redis::pipe();
        for (partition, snapshot) in partitions.iter().enumerate() {
            let keys = self.keys(partition)?;
            for (name, _) in snapshot.lanes().filter(|(_, (event_type, _))| preview.would_gain(event_type)) {
                calls.cmd("XLEN").arg(keys.lane_named(name));
            }
        }
        let lengths: Vec<u64> = self.ask_all("lengths of lanes", calls).await?;
        Ok(lengths.into_iter().sum())
    }
}
