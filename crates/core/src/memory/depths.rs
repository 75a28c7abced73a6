use tokio::time::Instant;

use super::{item::Stored, subscription::Subscription};
use crate::{
    ids::{EventType, TenantId},
    priority::Priority,
    transport::{Depth, Depths, Outgoing},
};

/// Counts one by one what waits for a subscription: of one tenant, or of all.
#[derive(Debug)]
pub(super) struct DepthTally<'a> {
    now: Instant,
    tenant: Option<&'a TenantId>,
    pub(super) depths: Depths,
}

impl<'a> DepthTally<'a> {
    pub(super) fn of(now: Instant, tenant: Option<&'a TenantId>) -> Self {
        Self { now, tenant, depths: Depths { exact: true, ..Depths::default() } }
    }

    pub(super) fn count(&mut self, subscription: &Subscription) {
        for item in subscription.ready.iter() {
            let depth = match item {
                item if item.is_abandoned() => Depth { in_flight: 1, ..Depth::default() },
                item if item.is_retry() => Depth { retrying: 1, ..Depth::default() },
                _ => Depth { ready: 1, ..Depth::default() },
            };
            self.add(&item.event, depth, Some(item.since));
        }
        for item in subscription.held.iter() {
            self.add(&item.event, Depth { in_flight: 1, ..Depth::default() }, Some(item.since));
        }
        for (due, item) in subscription.waiting.iter() {
            self.add(&item.event, Depth { retrying: 1, ..Depth::default() }, Some(due));
        }
        for letter in subscription.letters.iter() {
            self.add(&letter.event, Depth { dead: 1, ..Depth::default() }, None);
        }
    }

    pub(super) fn count_scheduled<'e>(&mut self, events: impl Iterator<Item = &'e Outgoing>) {
        for event in events {
            self.put(&event.event_type, event.priority, &event.tenant, &Depth { scheduled: 1, ..Depth::default() });
        }
    }

    /// What is due later than now has not begun to wait.
    fn add(&mut self, event: &Stored, depth: Depth, since: Option<Instant>) {
        let oldest = since.and_then(|since| self.now.checked_duration_since(since));
        self.put(&event.event_type, event.priority, &event.tenant, &Depth { oldest, ..depth });
    }

    fn put(&mut self, event_type: &EventType, priority: Priority, tenant: &TenantId, depth: &Depth) {
        if self.tenant.is_none_or(|wanted| wanted == tenant) {
            self.depths.total.add(depth);
            self.depths.add_lane(event_type, priority, depth);
            self.depths.add_tenant(tenant, depth);
        }
    }
}
