//! Retries that are not for this replica. Where a newer deploy has other patterns, what failed there lies in one stream with
//! what failed here. What this replica does not take goes back at once to those who do, and it leaves that stream alone
//! until it next looks: else it would be given the same again.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use redis::Value;
use tekup_core::{
    Result,
    transport::{Delivery, DeliveryRef, Settlement, Start, Verdict},
};

use super::{
    Inner,
    lanes::{Lane, takes},
    reply,
};

impl Inner {
    /// The delivery of an entry, unless it is for those of a newer deploy.
    pub(super) fn own(&self, lane: &Lane, held: DeliveryRef, start: Start, fields: Vec<Value>) -> Option<Delivery> {
        let for_newer = self.behind.load(Relaxed) && lane.is_retry() && self.is_foreign(&fields);
        let delivery = reply::delivery(lane, held, start, fields);
        if !for_newer {
            return Some(delivery);
        }
        self.for_newer.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
        if let Some(flags) = self.flags.get(lane.partition) {
            flags.rests.store(true, Relaxed);
        }
        None
    }

    fn is_foreign(&self, fields: &[Value]) -> bool {
        reply::lane_of(fields).is_some_and(|name| !takes(&self.spec.patterns, name))
    }

    /// Gives back what is for others. After an error it is tried again, or left to its lease.
    pub(super) async fn hand_on(&self) -> Result<()> {
        let given = std::mem::take(&mut *self.for_newer.lock().unwrap_or_else(PoisonError::into_inner));
        if given.is_empty() {
            return Ok(());
        }
        let back = |one: &Delivery| {
            let (held, id, tenant) = (one.held, one.id, one.tenant.clone());
            Settlement { held, id, tenant, verdict: Verdict::Release }
        };
        let settled = self.settle(given.iter().map(back).collect()).await;
        if settled.is_err() {
            self.for_newer.lock().unwrap_or_else(PoisonError::into_inner).extend(given);
        }
        settled.map(drop)
    }

    /// Whether the stream of retries is left alone in a partition.
    pub(super) fn rests(&self, lane: &Lane) -> bool {
        lane.is_retry() && self.flags.get(lane.partition).is_some_and(|flags| flags.rests.load(Relaxed))
    }
}
