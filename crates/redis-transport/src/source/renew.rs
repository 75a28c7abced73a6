//! Renewal: what is held begins its lease anew, on a thread of its own.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Cmd, Pipeline};
use tekup_core::{Error, ErrorKind, Result, transport::DeliveryRef};

use super::{Inner, reply};
use crate::{error, scripts};

/// How many deliveries one call renews.
const MOST: usize = 100;

impl Inner {
    /// Runs on the renewal thread, wherever it is called: its connection must not depend on another runtime.
    pub(super) async fn renew(self: Arc<Self>, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        let handle = self.shared.renewal.handle().clone();
        handle
            .spawn(async move { self.renew_here(held).await })
            .await
            .map_err(|cause| Error::new(ErrorKind::Closed, "the transport has been shut down").with_source(cause))?
    }

    async fn renew_here(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        let Some(epoch) = held.iter().map(|held| held.epoch).max() else { return Ok(Vec::new()) };
        let live = self.shared.renewals.live_since(epoch).await?;
        let consumer = self.consumer(live.epoch());
        let mut lost = Vec::new();
        let mut by_partition: BTreeMap<usize, Vec<DeliveryRef>> = BTreeMap::new();
        for held in held {
            match self.lanes.read().of(held.lane).filter(|_| held.epoch == live.epoch()) {
                Some(lane) => by_partition.entry(lane.partition).or_default().push(held),
                None => lost.push(held),
            }
        }
        let chunks: Vec<&[DeliveryRef]> = by_partition.values().flat_map(|held| held.chunks(MOST)).collect();
        let mut pipeline = Pipeline::with_capacity(chunks.len());
        for chunk in &chunks {
            pipeline.add_command(self.renew_call(chunk, &consumer));
        }
        if chunks.is_empty() {
            return Ok(lost);
        }
        let answers = match self.shared.renewals.all_on(live, pipeline, false).await {
            Err(error) if error.kind() == ErrorKind::LeaseLost => {
                lost.extend(by_partition.into_values().flatten());
                return Ok(lost);
            }
            answers => answers?,
        };
        for (chunk, answer) in chunks.iter().zip(answers) {
            let kept: Vec<u8> = redis::from_redis_value(answer?).map_err(|_| error::unexpected("a renewal"))?;
            lost.extend(chunk.iter().zip(kept).filter(|(_, kept)| *kept == 0).map(|(held, _)| *held));
        }
        Ok(lost)
    }

    fn renew_call(&self, chunk: &[DeliveryRef], consumer: &str) -> Cmd {
        let table = self.lanes.read();
        let mut lanes: Vec<u32> = chunk.iter().map(|held| held.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        let mut cmd = scripts::RENEW.call(lanes.len());
        for lane in &lanes {
            cmd.arg(table.of(*lane).map_or("", |lane| lane.key.as_str()));
        }
        cmd.arg(&self.group).arg(consumer);
        for held in chunk {
            let key = lanes.partition_point(|lane| *lane < held.lane) + 1;
            cmd.arg(key).arg(reply::entry_text(held.entry)).arg(held.starts);
        }
        cmd
    }
}
