//! What a replica or an operator does with one subscription.

mod replay;
mod settle;
mod state;
mod take;

use tokio::time::Instant;

pub(super) use take::{Replica, Taken};

use super::{
    index::{Index, Mark},
    item::Item,
    subscription::Subscription,
};
use crate::{timestamp::Timestamp, transport::Stage};

/// One subscription at one moment, under the store's lock.
#[derive(Debug)]
pub(super) struct Turn<'store> {
    pub(super) number: u32,
    pub(super) now: Instant,
    /// The same moment, as it is written.
    pub(super) time: Timestamp,
    pub(super) subscription: &'store mut Subscription,
    pub(super) index: &'store mut Index,
}

impl Turn<'_> {
    /// Notes where an event stands; the failures are told while it is retrying or failed.
    fn mark(&mut self, item: &Item, stage: Stage) {
        let failures = if matches!(stage, Stage::Retrying | Stage::Failed) { item.failures } else { 0 };
        self.index.mark(item.event.number, Mark { subscription: self.number, stage, failures });
    }

    fn ring(&self) {
        self.subscription.bell.notify_waiters();
    }
}
