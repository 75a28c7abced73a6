//! The guard of a subscription that asks for it: what it has finished is noted with its ack, and not handled again.

use std::{collections::BTreeMap, time::Duration};

use redis::{Cmd, Pipeline};
use tekup_core::{
    Result,
    transport::{Delivery, Settlement, Start, Verdict},
};

use super::{Inner, lanes::Lane, reader::Reader};
use crate::{error, keys, scripts};

/// How many events one script call notes or looks for.
const MOST: usize = 500;

impl Inner {
    /// What of a batch, which is ours already, was finished before: one more round trip, for those who asked for it.
    pub(super) async fn check(&self, reader: &mut Reader, found: Vec<Delivery>, most: usize) -> Result<Vec<Delivery>> {
        if self.spec.idempotency.is_none() {
            return Ok(found);
        }
        // If this fails they are not lost: the next fetch begins with them.
        reader.unchecked.extend(found);
        let known = self.finished(&reader.unchecked).await?;
        for (delivery, known) in reader.unchecked.iter_mut().zip(known) {
            if known && delivery.start == Start::Fresh {
                delivery.start = Start::Finished;
            }
        }
        let most = most.min(reader.unchecked.len());
        Ok(reader.unchecked.drain(..most).collect())
    }

    /// The same for one that was started after it had been taken over.
    pub(super) async fn check_started(&self, mut started: Delivery) -> Result<Delivery> {
        if self.spec.idempotency.is_some() && self.finished(std::slice::from_ref(&started)).await?.contains(&true) {
            started.start = Start::Finished;
        }
        Ok(started)
    }

    async fn finished(&self, deliveries: &[Delivery]) -> Result<Vec<bool>> {
        let mut by_partition: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, delivery) in deliveries.iter().enumerate() {
            let partition = self.lanes.read().of(delivery.held.lane).map_or(0, |lane| lane.partition);
            by_partition.entry(partition).or_default().push(place);
        }
        let calls: Vec<_> = by_partition
            .iter()
            .flat_map(|(partition, places)| places.chunks(MOST).map(move |places| (*partition, places)))
            .collect();
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for (partition, places) in &calls {
            let mut call = scripts::IS_FINISHED.call(1);
            call.arg(self.partitions()[*partition].finished(&self.spec.id));
            for delivery in places.iter().filter_map(|place| deliveries.get(*place)) {
                call.arg(keys::member(delivery.id, delivery.tenant.as_ref().map(|tenant| tenant.as_str())));
            }
            pipeline.add_command(call);
        }
        let mut finished = vec![false; deliveries.len()];
        for ((_, places), answer) in calls.into_iter().zip(self.shared.reads.all(pipeline).await?) {
            let known: Vec<u8> = redis::from_redis_value(answer?).map_err(|_| error::unexpected("what is finished"))?;
            for (place, known) in places.iter().zip(known) {
                if let Some(slot) = finished.get_mut(*place) {
                    *slot = known == 1;
                }
            }
        }
        Ok(finished)
    }

    /// The calls that note what a batch finishes; none for those who did not ask for it.
    pub(super) fn notes(&self, batch: &[Settlement], epoch: u32) -> Vec<Cmd> {
        let Some(window) = self.spec.idempotency else { return Vec::new() };
        let mut by_partition: BTreeMap<usize, Vec<&Settlement>> = BTreeMap::new();
        let table = self.lanes.read();
        for settlement in batch.iter().filter(|one| one.verdict == Verdict::Ack && one.held.epoch == epoch) {
            let partition = table.of(settlement.held.lane).map(|lane: &std::sync::Arc<Lane>| lane.partition);
            by_partition.entry(partition.unwrap_or(0)).or_default().push(settlement);
        }
        let portions = by_partition
            .iter()
            .flat_map(|(partition, finished)| finished.chunks(MOST).map(move |finished| (*partition, finished)));
        portions.map(|(partition, finished)| self.note_finished(partition, finished, window)).collect()
    }

    fn note_finished(&self, partition: usize, finished: &[&Settlement], window: Duration) -> Cmd {
        let mut call = scripts::NOTE_FINISHED.call(1);
        call.arg(self.partitions()[partition].finished(&self.spec.id));
        call.arg(u64::try_from(window.as_millis()).unwrap_or(u64::MAX));
        for settlement in finished {
            call.arg(keys::member(settlement.id, settlement.tenant.as_ref().map(|tenant| tenant.as_str())));
        }
        call
    }
}
