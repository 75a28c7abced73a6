use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{Latencies, Latency, LatencyDelta};
use crate::{
    ids::{EventType, SubscriptionId, TenantId},
    timestamp::Timestamp,
};

/// So many types of a subscription are told apart in a process: each takes 2 KiB.
const TYPES: usize = 1_000;

/// How long one delivery took that was finished.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pub(crate) event_type: EventType,
    /// When it was published, by the publisher's clock.
    pub(crate) published: Timestamp,
    pub(crate) handling: Duration,
}

/// How long deliveries took in this process, and what of it the others have not been told yet.
#[derive(Debug, Default)]
pub(super) struct Timings {
    subscriptions: HashMap<SubscriptionId, OfSubscription>,
    /// Whose events are counted by tenant too.
    tenants: HashSet<TenantId>,
}

#[derive(Debug, Default)]
struct OfSubscription {
    all: Series,
    of_tenant: HashMap<TenantId, Series>,
}

/// By type.
#[derive(Debug, Default)]
struct Series {
    types: HashMap<EventType, Box<Point>>,
    others: Box<Point>,
}

#[derive(Debug, Default)]
struct Point {
    told: Latency,
    untold: Latency,
}

impl Timings {
    pub(super) fn new(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self { subscriptions: HashMap::new(), tenants: tenants.into_iter().collect() }
    }

    /// Counts a batch that was finished now.
    pub(super) fn note(
        &mut self,
        subscription: &SubscriptionId,
        batch: &[(Option<&TenantId>, &Timed)],
        now: Timestamp,
    ) {
        if !self.subscriptions.contains_key(subscription) {
            self.subscriptions.insert(subscription.clone(), OfSubscription::default());
        }
        let Some(counted) = self.subscriptions.get_mut(subscription) else { return };
        // Events of one type mostly come together: it is looked up once for all of them.
        for alike in batch.chunk_by(|(_, one), (_, next)| one.event_type == next.event_type) {
            let Some((_, first)) = alike.first() else { continue };
            let point = counted.all.point(&first.event_type);
            alike.iter().for_each(|(_, timed)| point.count(timed, now));
        }
        for (tenant, timed) in batch.iter().filter_map(|(tenant, timed)| Some((self.tenants.get((*tenant)?)?, timed))) {
            let series = counted.of_tenant.entry(tenant.clone()).or_default();
            series.point(&timed.event_type).count(timed, now);
        }
    }

    /// Takes out what the others have not been told; it counts as told from now on.
    pub(super) fn take(&mut self) -> Vec<LatencyDelta> {
        let mut deltas = Vec::new();
        for (subscription, counted) in &mut self.subscriptions {
            counted.all.take(subscription, None, &mut deltas);
            for (tenant, series) in &mut counted.of_tenant {
                series.take(subscription, Some(tenant), &mut deltas);
            }
        }
        deltas
    }

    /// These could not be told.
    pub(super) fn put_back(&mut self, deltas: Vec<LatencyDelta>) {
        for LatencyDelta { subscription, tenant, event_type, latency } in deltas {
            let counted = self.subscriptions.entry(subscription).or_default();
            let series = match tenant {
                None => &mut counted.all,
                Some(tenant) => counted.of_tenant.entry(tenant).or_default(),
            };
            let point =
                event_type.map_or(&mut *series.others, |event_type| series.types.entry(event_type).or_default());
            point.told = point.told.since(&latency);
            point.untold.add(&latency);
        }
    }

    /// All that this process has counted for a subscription.
    pub(super) fn of(&self, subscription: &SubscriptionId) -> Latencies {
        let mut latencies = Latencies::default();
        let Some(OfSubscription { all, .. }) = self.subscriptions.get(subscription) else { return latencies };
        for (event_type, point) in &all.types {
            latencies.add(Some(event_type), &point.sum());
        }
        latencies.add(None, &all.others.sum());
        latencies
    }
}

impl Series {
    fn point(&mut self, event_type: &EventType) -> &mut Point {
        let is_known = self.types.contains_key(event_type);
        if !is_known && self.types.len() >= TYPES {
            return &mut self.others;
        }
        self.types.entry(event_type.clone()).or_default()
    }

    fn take(&mut self, subscription: &SubscriptionId, tenant: Option<&TenantId>, into: &mut Vec<LatencyDelta>) {
        let types = self.types.iter_mut().map(|(event_type, point)| (Some(event_type), point));
        for (event_type, point) in types.chain([(None, &mut self.others)]) {
            if let Some(latency) = point.take() {
                let (subscription, tenant) = (subscription.clone(), tenant.cloned());
                into.push(LatencyDelta { subscription, tenant, event_type: event_type.cloned(), latency });
            }
        }
    }
}

impl Point {
    fn count(&mut self, timed: &Timed, now: Timestamp) {
        self.untold.handling.record(timed.handling);
        self.untold.end_to_end.record(now.since(timed.published));
    }

    fn take(&mut self) -> Option<Latency> {
        if self.untold.is_empty() {
            return None;
        }
        self.told.add(&self.untold);
        Some(std::mem::take(&mut self.untold))
    }

    fn sum(&self) -> Latency {
        let mut sum = self.told.clone();
        sum.add(&self.untold);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(event_type: &str, age_ms: i64) -> Timed {
        let published = Timestamp::from_unix_millis(NOW_MS - age_ms).unwrap();
        Timed { event_type: event_type.parse().unwrap(), published, handling: Duration::from_millis(3) }
    }

    const NOW_MS: i64 = 1_757_844_930_123;

    fn note(timings: &mut Timings, tenant: &str, timed: &[Timed]) {
        let tenant: TenantId = tenant.parse().unwrap();
        let batch: Vec<_> = timed.iter().map(|timed| (Some(&tenant), timed)).collect();
        timings.note(&ledger(), &batch, Timestamp::from_unix_millis(NOW_MS).unwrap());
    }

    fn ledger() -> SubscriptionId {
        "billing/ledger".parse().unwrap()
    }

    #[test]
    fn each_type_is_counted_apart_with_its_handling_time_and_its_age() {
        let mut timings = Timings::default();
        let batch = [timed("a.b", 70), timed("a.b", 70), timed("c.d", 7_000), timed("a.b", -5)];
        note(&mut timings, "acme", &batch);
        let told = timings.take();
        assert_eq!(told.len(), 2);
        let latencies = timings.of(&ledger());
        let ab = latencies.of("a.b").unwrap();
        assert_eq!((ab.handling.count(), ab.end_to_end.count()), (3, 3));
        let ms = |time: Option<Duration>| time.unwrap().as_millis();
        assert_eq!((ms(ab.handling.max()), ms(ab.end_to_end.max())), (2, 70));
        assert_eq!(ms(ab.end_to_end.percentile(0.0)), 1, "an age below zero is none");
        assert!(ms(latencies.of("c.d").unwrap().end_to_end.p50()).abs_diff(7_000) < 900);
    }

    #[test]
    fn what_can_not_be_told_is_told_the_next_time_and_counted_once_here() {
        let mut timings = Timings::default();
        note(&mut timings, "acme", &[timed("a.b", 1)]);
        let deltas = timings.take();
        assert_eq!((timings.take().len(), timings.of(&ledger()).all().handling.count()), (0, 1));
        timings.put_back(deltas);
        note(&mut timings, "acme", &[timed("a.b", 1)]);
        assert_eq!(timings.of(&ledger()).all().handling.count(), 2);
        let [delta] = &timings.take()[..] else { panic!("one series") };
        assert_eq!(delta.latency.handling.count(), 2);
    }

    #[test]
    fn only_tenants_that_were_asked_for_are_counted_apart() {
        let mut timings = Timings::new(["acme".parse().unwrap()]);
        note(&mut timings, "acme", &[timed("a.b", 1)]);
        note(&mut timings, "globex", &[timed("a.b", 1)]);
        let mut told: Vec<_> =
            timings.take().iter().map(|delta| (delta.tenant.clone(), delta.latency.handling.count())).collect();
        told.sort();
        assert_eq!(told, [(None, 2), (Some("acme".parse().unwrap()), 1)]);
    }

    #[test]
    fn types_beyond_the_first_thousand_are_counted_together() {
        let mut timings = Timings::default();
        let many: Vec<_> = (0..TYPES + 20).map(|number| timed(&format!("a.n{number}"), 1)).collect();
        note(&mut timings, "acme", &many);
        note(&mut timings, "acme", &many[..1]);
        let latencies = timings.of(&ledger());
        assert_eq!((latencies.by_type.len(), latencies.others.handling.count()), (TYPES, 20));
        assert_eq!(latencies.of("a.n0").unwrap().handling.count(), 2);
    }
}
