//! From what core has counted to what Prometheus reads.

use tekup_core::{
    ServiceName,
    metrics::{AttemptMetrics, ProcessMetrics, PublishedMetrics},
};

use super::{
    catalogue::{
        BUILD, DEAD, DURATION, END_TO_END, EVENTS, IN_FLIGHT, LEASE_LOSSES, PUBLISH, PUBLISH_BATCH, PUBLISHED,
        RECONNECTS, RETRIES, SETTLE, SETTLE_BATCH,
    },
    family::Family,
};

/// Beside at most so many series, reasons are told that no letter has: the first is then seen as a rise.
const FEW: usize = 100;

pub(super) fn families(metrics: &ProcessMetrics, service: &ServiceName) -> Vec<Family> {
    let build = [service.as_str(), env!("CARGO_PKG_VERSION")];
    let mut families = vec![Family::of(&BUILD).with(&build, 1.0)];
    families.extend(of_attempts(&metrics.attempts));
    families.extend(of_subscriptions(metrics));
    families.extend([
        of_published(&metrics.published),
        Family::of(&PUBLISH).with(&[], &metrics.publish_seconds),
        Family::of(&PUBLISH_BATCH).with(&[], &metrics.publish_events),
        Family::of(&SETTLE).with(&[], &metrics.settle_seconds),
        Family::of(&SETTLE_BATCH).with(&[], &metrics.settle_deliveries),
        Family::of(&RECONNECTS).with(&[], metrics.reconnects),
    ]);
    families
}

fn of_attempts(attempts: &[AttemptMetrics]) -> [Family; 5] {
    let (mut events, mut durations) = (Family::of(&EVENTS), Family::of(&DURATION));
    let (mut waits, mut retries, mut dead) = (Family::of(&END_TO_END), Family::of(&RETRIES), Family::of(&DEAD));
    for counted in attempts {
        let subscription = counted.subscription.to_string();
        let (subscription, event_type) = (subscription.as_str(), counted.event_type.as_str());
        let tenant = counted.tenant.as_deref().unwrap_or_default();
        for (status, count) in
            [("success", counted.succeeded), ("error", counted.failed), ("filtered", counted.filtered)]
        {
            events.add(&[event_type, tenant, status], count);
        }
        durations.add(&[event_type, tenant], &counted.handling);
        waits.add(&[subscription, event_type], &counted.end_to_end);
        retries.add(&[subscription, event_type, tenant], counted.retried);
        for (reason, count) in counted.dead_letters().filter(|(_, count)| *count > 0 || attempts.len() <= FEW) {
            dead.add(&[subscription, event_type, tenant, reason.as_str()], count);
        }
    }
    [events, durations, waits, retries, dead]
}

fn of_published(all: &[PublishedMetrics]) -> Family {
    let mut published = Family::of(&PUBLISHED);
    for stored in all {
        published.add(&[&stored.event_type, stored.tenant.as_deref().unwrap_or_default()], stored.events);
    }
    published
}

fn of_subscriptions(metrics: &ProcessMetrics) -> [Family; 2] {
    let (mut in_flight, mut losses) = (Family::of(&IN_FLIGHT), Family::of(&LEASE_LOSSES));
    for (id, count) in &metrics.in_flight {
        in_flight.add(&[&id.to_string()], *count);
        // It is told before the first, so that the first is seen as a rise.
        losses.add(&[&id.to_string()], 0_u64);
    }
    for (id, count) in &metrics.lease_losses {
        losses.add(&[&id.to_string()], *count);
    }
    [in_flight, losses]
}
