use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    AttemptMetrics, Attempted, ProcessMetrics, PublishedMetrics, Stored,
    labels::{Key, Labels, texts},
};
use crate::{
    config::TenantLabels,
    ids::{EventType, SubscriptionId},
    sync::lock,
    timestamp::Timestamp,
};

/// What this process does, by names that are bounded.
pub(super) struct Activity {
    labels: Labels,
    attempts: HashMap<SubscriptionId, HashMap<Key, Series>>,
    /// How many there are in all.
    series: usize,
    published: HashMap<Key, u64>,
    /// What has no names, and what the names are filled into.
    totals: ProcessMetrics,
    lease_losses: HashMap<SubscriptionId, u64>,
}

/// Shared with whoever reads it, so that nobody who counts waits until all are copied.
type Series = Arc<Mutex<AttemptMetrics>>;

/// What is read of it at once; the rest is read series by series.
pub(super) struct Snapshot {
    attempts: Vec<Series>,
    published: Vec<(Key, u64)>,
    totals: ProcessMetrics,
}

impl Activity {
    pub(super) fn new(tenants: TenantLabels) -> Self {
        Self {
            labels: Labels::new(tenants),
            attempts: HashMap::new(),
            series: 0,
            published: HashMap::new(),
            totals: ProcessMetrics::default(),
            lease_losses: HashMap::new(),
        }
    }

    /// These types are told apart, whatever else comes first.
    pub(super) fn expect(&mut self, types: impl IntoIterator<Item = EventType>) {
        self.labels.expect(types);
    }

    /// Counts a batch that ended now.
    pub(super) fn note(&mut self, subscription: &SubscriptionId, batch: &[Attempted<'_>], now: Timestamp) {
        let Self { labels, attempts, series, .. } = self;
        let counted = attempts.entry(subscription.clone()).or_default();
        let alike = labels.alike();
        // Deliveries of one type mostly come together: they are looked up once for all of them.
        for alike in batch.chunk_by(|one, next| alike((one.event_type, one.tenant), (next.event_type, next.tenant))) {
            let Some(first) = alike.first() else { continue };
            let names = (first.event_type, first.tenant);
            let known = match counted.get(&labels.wish(names)) {
                Some(known) => known,
                None => {
                    let key = labels.place(names, *series, |key| counted.contains_key(key));
                    counted.entry(key).or_insert_with_key(|key| {
                        *series += 1;
                        new_series(subscription, key)
                    })
                }
            };
            let mut known = lock(known);
            alike.iter().for_each(|attempted| known.count(attempted, now));
        }
    }

    /// Counts what was stored.
    pub(super) fn published(&mut self, stored: &[Stored]) {
        let Self { labels, published, .. } = self;
        for Stored { event_type, tenant, events } in stored.iter().filter(|stored| stored.events > 0) {
            let names = (Some(event_type), Some(tenant));
            if let Some(known) = published.get_mut(&labels.wish(names)) {
                *known += events;
                continue;
            }
            let key = labels.place(names, published.len(), |key| published.contains_key(key));
            *published.entry(key).or_default() += events;
        }
    }

    pub(super) fn publish_call(&mut self, events: usize, took: Duration) {
        self.totals.publish_events.size(events);
        self.totals.publish_seconds.time(took);
    }

    pub(super) fn settle_call(&mut self, deliveries: usize, took: Duration) {
        self.totals.settle_deliveries.size(deliveries);
        self.totals.settle_seconds.time(took);
    }

    pub(super) fn leases_lost(&mut self, subscription: &SubscriptionId, count: usize) {
        *self.lease_losses.entry(subscription.clone()).or_default() += count as u64;
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let lease_losses = self.lease_losses.iter().map(|(id, count)| (id.clone(), *count)).collect();
        Snapshot {
            attempts: self.attempts.values().flat_map(HashMap::values).map(Arc::clone).collect(),
            published: self.published.iter().map(|(key, events)| (key.clone(), *events)).collect(),
            totals: ProcessMetrics { lease_losses, ..self.totals.clone() },
        }
    }
}

fn new_series(subscription: &SubscriptionId, key: &Key) -> Series {
    let (event_type, tenant) = texts(key);
    Arc::new(Mutex::new(AttemptMetrics { event_type, tenant, ..AttemptMetrics::new(subscription.clone()) }))
}

impl Snapshot {
    pub(super) fn read(self) -> ProcessMetrics {
        let published = self.published.iter().map(|(key, events)| {
            let (event_type, tenant) = texts(key);
            PublishedMetrics { event_type, tenant, events: *events }
        });
        ProcessMetrics {
            attempts: self.attempts.iter().map(|series| lock(series).clone()).collect(),
            published: published.collect(),
            ..self.totals
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Tally, Timed,
            labels::{NAMES, SERIES},
        },
        *,
    };
    use crate::transport::DeadReason;

    fn subscription() -> SubscriptionId {
        "billing/ledger".parse().unwrap()
    }

    fn note(activity: &mut Activity, event_type: Option<&str>, tenant: &str, tally: Tally, dead: Option<DeadReason>) {
        let (event_type, tenant) = (event_type.map(|it| it.parse::<EventType>().unwrap()), tenant.parse().unwrap());
        let event_type = event_type.as_ref();
        let timed = event_type.map(|event_type| Timed {
            event_type: event_type.clone(),
            published: Timestamp::from_unix_millis(0).unwrap(),
            handling: Duration::from_millis(3),
        });
        let attempted = Attempted { event_type, tenant: Some(&tenant), tally, dead, timed: timed.as_ref() };
        activity.note(&subscription(), &[attempted], Timestamp::from_unix_millis(40).unwrap());
    }

    fn handled(activity: &mut Activity, event_type: &str, tenant: &str) {
        note(activity, Some(event_type), tenant, Tally::handled(Duration::ZERO), None);
    }

    #[test]
    fn attempts_are_counted_by_their_end_and_timed_if_a_handler_ran() {
        let mut activity = Activity::new(TenantLabels::Off);
        handled(&mut activity, "a.b", "acme");
        note(&mut activity, Some("a.b"), "acme", Tally::retried(), None);
        note(&mut activity, Some("a.b"), "acme", Tally::dead(true), Some(DeadReason::Rejected));
        note(&mut activity, Some("a.b"), "globex", Tally::filtered(), None);
        note(&mut activity, Some("a.b"), "globex", Tally::dead(false), Some(DeadReason::Crashed));
        let [counted] = &activity.snapshot().read().attempts[..] else { panic!("one series") };
        assert_eq!((counted.succeeded, counted.failed, counted.filtered, counted.retried), (1, 2, 1, 1));
        let dead: Vec<_> = counted.dead_letters().filter(|(_, count)| *count > 0).collect();
        assert_eq!(dead, [(DeadReason::Rejected, 1), (DeadReason::Crashed, 1)]);
        assert_eq!((counted.handling.count(), counted.end_to_end.count(), counted.tenant.clone()), (3, 1, None));
        assert!((counted.end_to_end.sum() - 0.04).abs() < 1e-9, "{counted:?}");
    }

    #[test]
    fn types_and_tenants_beyond_the_first_thousand_are_counted_together() {
        let many = NAMES as u64 + 20;
        let told = |tenants: TenantLabels, handle: &dyn Fn(&mut Activity, u64)| {
            let mut activity = Activity::new(tenants);
            (0..many).for_each(|number| handle(&mut activity, number));
            note(&mut activity, None, "acme", Tally::filtered(), None);
            activity.snapshot().read().attempts
        };
        let sum = |attempts: &[AttemptMetrics], what: &dyn Fn(&AttemptMetrics) -> bool| {
            attempts.iter().filter(|it| what(it)).map(|it| it.succeeded + it.filtered).sum::<u64>()
        };
        let types = told(TenantLabels::Off, &|it, number| handled(it, &format!("a.n{number}"), "acme"));
        assert_eq!(sum(&types, &|_| true), many + 1, "nothing is left out");
        assert_eq!(
            (sum(&types, &|it| it.event_type == "other"), sum(&types, &|it| it.event_type == "unknown")),
            (20, 1)
        );
        let tenants = told(TenantLabels::All, &|it, number| handled(it, "a.b", &format!("t{number}")));
        assert_eq!(sum(&tenants, &|_| true), many + 1, "nothing is left out");
        assert_eq!(sum(&tenants, &|it| it.tenant.as_deref() == Some("other")), 21);
    }

    #[test]
    fn series_beyond_the_first_thousand_share_a_tenant_and_nothing_is_left_out() {
        let mut activity = Activity::new(TenantLabels::All);
        for event_type in 0..40 {
            (0..300).for_each(|tenant| handled(&mut activity, &format!("a.n{event_type}"), &format!("t{tenant}")));
        }
        let attempts = activity.snapshot().read().attempts;
        let others = attempts.iter().filter(|it| it.tenant.as_deref() == Some("other"));
        assert_eq!(others.map(|it| it.succeeded).sum::<u64>(), 40 * 300 - SERIES as u64);
        assert!(attempts.len() <= SERIES + 40, "{}", attempts.len());
    }

    #[test]
    fn series_beyond_the_first_two_thousand_share_a_type_in_each_subscription() {
        let mut activity = Activity::new(TenantLabels::Off);
        for number in 0..3 * SERIES {
            let (subscription, event_type) = (format!("crm/s{}", number / 500).parse().unwrap(), number % 500);
            let event_type = format!("a.n{event_type}").parse().unwrap();
            let (tally, tenant) = (Tally::filtered(), Some(&"acme".parse().unwrap()));
            let attempted = Attempted { event_type: Some(&event_type), tenant, tally, dead: None, timed: None };
            activity.note(&subscription, &[attempted], Timestamp::now());
        }
        let attempts = activity.snapshot().read().attempts;
        assert_eq!(attempts.iter().map(|it| it.filtered).sum::<u64>(), 3 * SERIES as u64);
        assert_eq!(
            (attempts.len(), attempts.iter().filter(|it| it.event_type == "other").count()),
            (2 * SERIES + 2, 2)
        );
    }

    #[test]
    fn what_was_read_does_not_change_and_counting_goes_on() {
        let mut activity = Activity::new(TenantLabels::Off);
        handled(&mut activity, "a.b", "acme");
        let before = activity.snapshot().read();
        handled(&mut activity, "a.b", "acme");
        let after = activity.snapshot().read();
        assert_eq!((before.attempts[0].succeeded, after.attempts[0].succeeded), (1, 2));
    }

    #[test]
    fn only_tenants_that_are_listed_are_told_apart() {
        let mut activity = Activity::new(TenantLabels::Only(vec!["acme".parse().unwrap()]));
        ["acme", "globex", "initech"].iter().for_each(|tenant| handled(&mut activity, "a.b", tenant));
        let (created, acme, other): (EventType, _, _) =
            ("a.b".parse().unwrap(), "acme".parse().unwrap(), "globex".parse().unwrap());
        let stored = |tenant, events| Stored { event_type: created.clone(), tenant, events };
        activity.published(&[stored(acme, 1), stored(other, 2)]);
        let metrics = activity.snapshot().read();
        let mut told: Vec<_> = metrics.attempts.iter().map(|it| (it.tenant.as_deref(), it.succeeded)).collect();
        let mut stored: Vec<_> = metrics.published.iter().map(|it| (it.tenant.as_deref(), it.events)).collect();
        told.sort();
        stored.sort();
        assert_eq!(
            (told, &stored),
            (vec![(Some("acme"), 1), (Some("other"), 2)], &vec![(Some("acme"), 1), (Some("other"), 2)])
        );
    }
}
