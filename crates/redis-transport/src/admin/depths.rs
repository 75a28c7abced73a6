//! How much waits, estimated: totals from positions and sizes, whose it is from samples that scripts look at.

mod answer;
mod estimate;

use futures_util::future::{try_join, try_join_all};
use redis::Value;
use tekup_core::{Result, SubscriptionId, TenantId, transport::Depths};

use self::{
    answer::{OfSet, OfStream},
    estimate::{Estimate, lane_of},
};
use super::{RedisAdmin, snapshot::Registered, turns::Turns};
use crate::{error, scripts};

/// The most streams that one call looks at.
const AT_ONCE: usize = 20;

/// A lane, or the retry stream, and what it is called.
struct Stream {
    key: String,
    /// Of the lane; empty for the retry stream.
    number: String,
    /// `<type>:<priority>`; empty for the retry stream.
    name: String,
}

impl RedisAdmin {
    pub(super) async fn estimate_depths(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> Result<Depths> {
        let registered = self.registered(subscription).await?;
        let partitions = match tenant {
            Some(tenant) => vec![self.namespace.partition_of(tenant)],
            None => (0..self.namespace.partitions().len()).collect(),
        };
        let turns = Turns::new();
        let both = partitions.into_iter().map(|at| {
            let sets = turns.take(self.sets_of(subscription, at));
            try_join(self.streams_of(&registered, at, &turns), sets)
        });
        let mut estimate = Estimate::of(tenant);
        for (streams, sets) in try_join_all(both).await? {
            streams.into_iter().for_each(|(name, found)| add_stream(&mut estimate, &registered, &name, &found));
            let [due, dead, later] = sets;
            estimate.add_due(&due);
            estimate.add_dead(&dead);
            estimate.add_scheduled(&later, |event_type| registered.takes_type(event_type));
        }
        Ok(estimate.depths)
    }

    /// What lies in the retry stream, and in the lanes that it takes or has not left yet.
    async fn streams_of(
        &self,
        subscription: &Registered,
        partition: usize,
        turns: &Turns,
    ) -> Result<Vec<(String, OfStream)>> {
        let snapshot = turns.take(self.fresh_snapshot(partition)).await?;
        let places = turns.take(self.places_of(subscription, partition, &snapshot)).await?;
        let (keys, id) = (self.keys(partition)?, &subscription.id);
        let retry = Stream { key: keys.retry(id), number: String::new(), name: String::new() };
        let lanes = places.into_iter().filter(|place| !place.has_left).map(|place| Stream {
            key: keys.lane_named(&place.name),
            number: place.number.to_string(),
            name: place.name,
        });
        let streams: Vec<Stream> = std::iter::once(retry).chain(lanes).collect();
        let look = async |chunk: &[Stream]| {
            let mut call = scripts::DEPTH_LANES.call(1 + chunk.len());
            call.arg(keys.starts());
            chunk.iter().for_each(|stream| _ = call.arg(&stream.key));
            call.arg(id.to_string());
            chunk.iter().for_each(|stream| _ = call.arg(&stream.number));
            let answers: Vec<Value> = self.ask("how much waits in lanes", call).await?;
            let found = answers.into_iter().map(|answer| OfStream::read(answer).ok_or_else(|| unread("lanes")));
            chunk.iter().zip(found).map(|(stream, found)| Ok((stream.name.clone(), found?))).collect::<Result<Vec<_>>>()
        };
        let calls = streams.chunks(AT_ONCE).map(|chunk| turns.take(look(chunk)));
        Ok(try_join_all(calls).await?.into_iter().flatten().collect())
    }

    /// What is due again, what is dead, and what waits for its time.
    async fn sets_of(&self, subscription: &SubscriptionId, partition: usize) -> Result<[OfSet; 3]> {
        let keys = self.keys(partition)?;
        let mut call = scripts::DEPTH_SETS.call(6);
        call.arg(keys.due(subscription)).arg(keys.waiting(subscription));
        call.arg(keys.dead(subscription)).arg(keys.letters(subscription));
        call.arg(keys.later()).arg(keys.later_events());
        let answers: [Value; 3] = self.ask("how much waits beside lanes", call).await?;
        let [due, dead, later] = answers.map(OfSet::read);
        let all = || Some([due?, dead?, later?]);
        all().ok_or_else(|| unread("sets"))
    }
}

fn add_stream(estimate: &mut Estimate<'_>, registered: &Registered, name: &str, found: &OfStream) {
    if name.is_empty() {
        return estimate.add_retry_stream(found);
    }
    let lane = lane_of(name);
    let is_taken = lane.as_ref().is_some_and(|(event_type, _)| registered.takes_type(event_type));
    if found.is_known(is_taken) {
        estimate.add_lane(lane.as_ref(), found);
    }
}

fn unread(what: &str) -> tekup_core::Error {
    error::unexpected(&format!("how much waits in {what}"))
}
