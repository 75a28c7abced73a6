use std::time::Duration;

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

    /// What is past its time has not left, and waits.
    pub(super) fn count_scheduled<'e>(&mut self, events: impl Iterator<Item = (Instant, &'e Outgoing)>) {
        for (due, event) in events {
            let depth = Depth { scheduled: 1, oldest: self.age(due), ..Depth::default() };
            self.put(&event.event_type, event.priority, &event.tenant, &depth);
        }
    }

    fn add(&mut self, event: &Stored, depth: Depth, since: Option<Instant>) {
        let oldest = since.and_then(|since| self.age(since));
        self.put(&event.event_type, event.priority, &event.tenant, &Depth { oldest, ..depth });
    }

    /// What is due later than now has not begun to wait.
    fn age(&self, since: Instant) -> Option<Duration> {
        self.now.checked_duration_since(since)
    }

    fn put(&mut self, event_type: &EventType, priority: Priority, tenant: &TenantId, depth: &Depth) {
        if self.tenant.is_none_or(|wanted| wanted == tenant) {
            self.depths.total.add(depth);
            self.depths.add_lane(event_type, priority, depth);
            self.depths.add_tenant(tenant, depth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_should_have_left_waits_since_then_and_what_is_to_come_does_not() {
        let event = Outgoing::unchecked("acme".parse().unwrap(), "invoice.paid".parse().unwrap(), "{}");
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut tally = DepthTally::of(now + 3 * second, None);
        tally.count_scheduled([(now, &event), (now + 2 * second, &event), (now + 9 * second, &event)].into_iter());
        let expected = Depth { scheduled: 3, oldest: Some(3 * second), ..Depth::default() };
        assert_eq!((tally.depths.total, tally.depths.of_tenant("acme")), (expected, expected));
    }
}
