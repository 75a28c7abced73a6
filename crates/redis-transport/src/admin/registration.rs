//! What is registered of a subscription, and which lanes it still drains.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{try_join, try_join_all};
use tekup_core::{
    EventType, Priority, Result, SubscriptionId,
    transport::{Draining, Policy, Registration},
};

use super::{RedisAdmin, snapshot::Snapshot, turns::Turns};
use crate::{scripts, state};

/// The most lanes that one call looks at.
const AT_ONCE: usize = 20;

/// What all partitions know, in their order.
pub(super) type Partitions = Vec<Arc<Snapshot>>;

/// How many events wait in each lane, over all partitions.
pub(super) type Unsettled = BTreeMap<(EventType, Priority), u64>;

impl RedisAdmin {
    pub(super) async fn read_registration(&self, subscription: &SubscriptionId) -> Result<Registration> {
        let partitions = self.fresh_snapshots().await?;
        match self.newest_of(&partitions, subscription).await? {
            Some(registration) => Ok(registration),
            None => Err(self.fresh_snapshot(0).await?.not_found(subscription)),
        }
    }

    pub(super) async fn fresh_snapshots(&self) -> Result<Partitions> {
        try_join_all((0..self.namespace.partitions().len()).map(|at| self.fresh_snapshot(at))).await
    }

    /// The newest of all partitions: others may have to be mended. `None` if there is none.
    pub(super) async fn newest_of(
        &self,
        partitions: &Partitions,
        subscription: &SubscriptionId,
    ) -> Result<Option<Registration>> {
        let known = partitions.iter().filter_map(|snapshot| snapshot.record(subscription));
        let Some(newest) = known.max_by(|one, other| one.age(other)) else { return Ok(None) };
        let mut registration = newest.registration();
        let unsettled = self.unsettled(partitions, subscription, |event_type| !registration.takes(event_type));
        let policy = self.read_policy(subscription, registration.revision);
        let (left, policy) = try_join(unsettled, policy).await?;
        let waiting = left.into_iter().filter(|(_, waiting)| *waiting > 0);
        (registration.draining, registration.policy) = (waiting.map(draining).collect(), policy);
        Ok(Some(registration))
    }

    async fn read_policy(&self, subscription: &SubscriptionId, revision: u64) -> Result<Option<Policy>> {
        let mut call = redis::cmd("HMGET");
        call.arg(self.keys(0)?.state(subscription)).arg("policy").arg("told");
        let (policy, told): (Option<Vec<u8>>, Option<Vec<u8>>) = self.ask("a subscription's policy", call).await?;
        let [policy, told] = [policy, told].map(|bytes| bytes.unwrap_or_default());
        let [policy, told] = [&policy, &told].map(|bytes| String::from_utf8_lossy(bytes));
        Ok(state::read_policy(subscription, &policy, &told, revision))
    }

    /// How much waits in the lanes of some types; 0 where the subscription has no group.
    pub(super) async fn unsettled(
        &self,
        partitions: &Partitions,
        subscription: &SubscriptionId,
        of: impl Fn(&EventType) -> bool,
    ) -> Result<Unsettled> {
        let (mut unsettled, turns) = (Unsettled::new(), Turns::new());
        for (partition, snapshot) in partitions.iter().enumerate() {
            let keys = self.keys(partition)?;
            let lanes: Vec<_> = snapshot.lanes().filter(|(_, (event_type, _))| of(event_type)).collect();
            let look = async |chunk: &[(&String, (EventType, Priority))]| {
                let mut call = scripts::UNSETTLED.call(chunk.len());
                chunk.iter().for_each(|(name, _)| _ = call.arg(keys.lane_named(name)));
                call.arg(subscription.to_string());
                self.ask::<Vec<i64>>("how much waits in lanes", call).await
            };
            let calls = lanes.chunks(AT_ONCE).map(|chunk| turns.take(look(chunk)));
            let found = try_join_all(calls).await?.concat();
            for ((_, lane), waiting) in lanes.into_iter().zip(found) {
                *unsettled.entry(lane).or_default() += u64::try_from(waiting).unwrap_or(0);
            }
        }
        Ok(unsettled)
    }
}

pub(super) fn draining(((event_type, priority), waiting): ((EventType, Priority), u64)) -> Draining {
    Draining { event_type, priority, waiting }
}
