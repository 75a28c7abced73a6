//! What opening a subscription would do.

use std::collections::BTreeSet;

use tekup_core::{
    EventType, Result, SubscriptionId, Timestamp,
    transport::{Joining, Preview, SourceSpec, StartAt},
};

use super::{
    RedisAdmin,
    registration::{Partitions, draining},
};
use crate::scripts;

impl RedisAdmin {
    pub(super) async fn foresee(&self, spec: &SourceSpec) -> Result<Preview> {
        let partitions = self.fresh_snapshots().await?;
        // What opens it then finishes the removal first.
        let removing = self.is_being_removed(&spec.id).await?;
        let registered = if removing { None } else { self.newest_of(&partitions, &spec.id).await? };
        let mut preview = Preview::new(spec, registered);
        preview.removing = removing;
        let types: BTreeSet<EventType> =
            partitions.iter().flat_map(|snapshot| snapshot.lanes().map(|(_, (event_type, _))| event_type)).collect();
        preview.gains = types.into_iter().filter(|one| preview.would_gain(one)).collect();
        let left = self.unsettled(&partitions, &spec.id, |one| preview.would_drain(one)).await?;
        preview.drains = left.into_iter().map(draining).collect();
        if preview.joining == Joining::New {
            preview.begins_with = match spec.start_at {
                StartAt::Beginning => self.lying(&partitions, &preview).await?,
                StartAt::At(time) => self.stored_since(&partitions, &preview, time).await?,
                _ => 0,
            };
        }
        Ok(preview)
    }

    async fn is_being_removed(&self, subscription: &SubscriptionId) -> Result<bool> {
        let mut call = redis::Cmd::new();
        call.arg("EXISTS").arg(self.keys(0)?.removing(subscription));
        self.ask("whether a subscription is being removed", call).await
    }

    /// How many entries of these lanes were stored at a time or later, 1,000 of them a call.
    async fn stored_since(&self, partitions: &Partitions, preview: &Preview, time: Timestamp) -> Result<u64> {
        let mut sum = 0;
        for (partition, snapshot) in partitions.iter().enumerate() {
            let keys = self.keys(partition)?;
            for (name, _) in snapshot.lanes().filter(|(_, (event_type, _))| preview.would_gain(event_type)) {
                let mut from = format!("{}-0", time.unix_millis());
                while !from.is_empty() {
                    let mut call = scripts::COUNT_FROM.call(1);
                    call.arg(keys.lane_named(name)).arg(from);
                    let counted: u64;
                    (counted, from) = self.ask("a count of entries", call).await?;
                    sum += counted;
                }
            }
        }
        Ok(sum)
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
