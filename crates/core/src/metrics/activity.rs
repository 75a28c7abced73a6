use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    time::Duration,
};

use super::{AttemptMetrics, ProcessMetrics, PublishedMetrics, Tally, Timed};
use crate::{
    config::TenantLabels,
    ids::{EventType, SubscriptionId, TenantId},
    timestamp::Timestamp,
    transport::{DeadReason, Verdict},
};

/// So many types, and so many tenants, are told apart.
const NAMES: usize = 1_000;
/// So many series of a subscription, type and tenant are kept apart; then their tenant is another one.
const SERIES: usize = 5_000;

/// A delivery that ended.
pub(crate) struct Attempted<'a> {
    pub(crate) event_type: Option<&'a EventType>,
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) tally: Tally,
    /// If it is dead.
    pub(crate) dead: Option<DeadReason>,
    pub(crate) timed: Option<&'a Timed>,
}

impl Attempted<'_> {
    fn names(&self) -> Named<'_> {
        (self.event_type, self.tenant)
    }

    /// Why it is dead, if it is.
    pub(crate) fn dead(verdict: &Verdict) -> Option<DeadReason> {
        if let Verdict::DeadLetter { reason, .. } = verdict { Some(*reason) } else { None }
    }
}

/// A name as it is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Label<T> {
    Name(T),
    /// One of too many, or of those that nobody asked for.
    Other,
    /// Nobody came to read it; of tenants: they are not told apart.
    None,
}

type Key = (Label<EventType>, Label<TenantId>);

/// What this process does, by names that are bounded.
pub(super) struct Activity {
    names: Names,
    attempts: HashMap<SubscriptionId, HashMap<Key, AttemptMetrics>>,
    /// How many there are in all.
    series: usize,
    published: HashMap<Key, u64>,
    /// What has no names, and what the names are filled into.
    totals: ProcessMetrics,
    lease_losses: HashMap<SubscriptionId, u64>,
}

/// The names that are told apart.
struct Names {
    labels: TenantLabels,
    types: HashSet<EventType>,
    tenants: HashSet<TenantId>,
}

impl Activity {
    pub(super) fn new(labels: TenantLabels) -> Self {
        Self {
            names: Names { labels, types: HashSet::new(), tenants: HashSet::new() },
            attempts: HashMap::new(),
            series: 0,
            published: HashMap::new(),
            totals: ProcessMetrics::default(),
            lease_losses: HashMap::new(),
        }
    }

    /// Counts a batch that ended now.
    pub(super) fn note(&mut self, subscription: &SubscriptionId, batch: &[Attempted<'_>], now: Timestamp) {
        let Self { names, attempts, series, .. } = self;
        let (counted, alike) = (attempts.entry(subscription.clone()).or_default(), names.alike());
        // Deliveries of one type mostly come together: they are looked up once for all of them.
        for alike in batch.chunk_by(|one, next| alike(one.names(), next.names())) {
            let Some((event_type, tenant)) = alike.first().map(Attempted::names) else { continue };
            if let Some(known) = counted.get_mut(&names.wish(event_type, tenant)) {
                alike.iter().for_each(|attempted| known.count(attempted, now));
                continue;
            }
            let key = within(SERIES, *series, names.admit(event_type, tenant), |key| counted.contains_key(key));
            let known = counted.entry(key).or_insert_with(|| {
                *series += 1;
                AttemptMetrics::new(subscription.clone())
            });
            alike.iter().for_each(|attempted| known.count(attempted, now));
        }
    }

    /// Counts a batch that was stored.
    pub(super) fn published(&mut self, stored: &[(&EventType, &TenantId)]) {
        let Self { names, published, .. } = self;
        let (named, alike) = (|(event_type, tenant): &(_, _)| (Some(*event_type), Some(*tenant)), names.alike());
        for alike in stored.chunk_by(|one, next| alike(named(one), named(next))) {
            let Some((event_type, tenant)) = alike.first().map(named) else { continue };
            if let Some(known) = published.get_mut(&names.wish(event_type, tenant)) {
                *known += alike.len() as u64;
                continue;
            }
            let admitted = names.admit(event_type, tenant);
            let key = within(SERIES, published.len(), admitted, |key| published.contains_key(key));
            *published.entry(key).or_default() += alike.len() as u64;
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

    pub(super) fn snapshot(&self) -> ProcessMetrics {
        let attempts = self.attempts.values().flatten().map(|(key, counted)| {
            let (event_type, tenant) = texts(key);
            AttemptMetrics { event_type, tenant, ..counted.clone() }
        });
        let published = self.published.iter().map(|(key, events)| {
            let (event_type, tenant) = texts(key);
            PublishedMetrics { event_type, tenant, events: *events }
        });
        ProcessMetrics {
            attempts: attempts.collect(),
            published: published.collect(),
            lease_losses: self.lease_losses.iter().map(|(id, count)| (id.clone(), *count)).collect(),
            ..self.totals.clone()
        }
    }
}

type Named<'a> = (Option<&'a EventType>, Option<&'a TenantId>);

impl Names {
    /// Whether both are counted under the same names.
    fn alike(&self) -> impl Fn(Named<'_>, Named<'_>) -> bool + use<> {
        let any_tenant = self.labels == TenantLabels::Off;
        move |one, next| one.0 == next.0 && (any_tenant || one.1 == next.1)
    }

    /// What it is counted under, if there is room for it.
    fn wish(&self, event_type: Option<&EventType>, tenant: Option<&TenantId>) -> Key {
        let event_type = event_type.map_or(Label::None, |event_type| Label::Name(event_type.clone()));
        let tenant = match (&self.labels, tenant) {
            (TenantLabels::Off, _) => Label::None,
            (TenantLabels::All, Some(tenant)) => Label::Name(tenant.clone()),
            (TenantLabels::Only(listed), Some(tenant)) if listed.contains(tenant) => Label::Name(tenant.clone()),
            (TenantLabels::All | TenantLabels::Only(_), _) => Label::Other,
        };
        (event_type, tenant)
    }

    /// What it is counted under; takes room for it.
    fn admit(&mut self, event_type: Option<&EventType>, tenant: Option<&TenantId>) -> Key {
        let (event_type, tenant) = self.wish(event_type, tenant);
        (admit(&mut self.types, event_type), admit(&mut self.tenants, tenant))
    }
}

/// The name, if there is room for it.
fn admit<T: Clone + Eq + Hash>(known: &mut HashSet<T>, label: Label<T>) -> Label<T> {
    let Label::Name(name) = &label else { return label };
    let has_room = known.len() < NAMES;
    if known.contains(name) || has_room && known.insert(name.clone()) { label } else { Label::Other }
}

/// Where there are too many series, a new one is of another tenant.
fn within(most: usize, series: usize, key: Key, is_known: impl Fn(&Key) -> bool) -> Key {
    let is_too_many = series >= most && matches!(key.1, Label::Name(_)) && !is_known(&key);
    if is_too_many { (key.0, Label::Other) } else { key }
}

impl AttemptMetrics {
    fn count(&mut self, attempted: &Attempted<'_>, now: Timestamp) {
        let counters = attempted.tally.counters();
        self.succeeded += counters.handled;
        self.failed += counters.failed;
        self.filtered += counters.filtered;
        self.retried += counters.retried;
        if let Some(reason) = attempted.dead
            && let Some(place) = DeadReason::ALL.iter().position(|known| *known == reason)
        {
            self.dead[place] += 1;
        }
        let Some(timed) = attempted.timed else { return };
        if counters.handled + counters.failed > 0 {
            self.handling.time(timed.handling);
        }
        if counters.handled > 0 {
            self.end_to_end.time(now.since(timed.published));
        }
    }
}

fn texts((event_type, tenant): &Key) -> (String, Option<String>) {
    let event_type = match event_type {
        Label::Name(name) => name.as_str(),
        Label::Other => "other",
        Label::None => "unknown",
    };
    let tenant = match tenant {
        Label::Name(name) => Some(name.as_str()),
        Label::Other => Some("other"),
        Label::None => None,
    };
    (event_type.to_owned(), tenant.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let [counted] = &activity.snapshot().attempts[..] else { panic!("one series") };
        assert_eq!((counted.succeeded, counted.failed, counted.filtered, counted.retried), (1, 2, 1, 1));
        let dead: Vec<_> = counted.dead_letters().filter(|(_, count)| *count > 0).collect();
        assert_eq!(dead, [(DeadReason::Rejected, 1), (DeadReason::Crashed, 1)]);
        assert_eq!((counted.handling.count(), counted.end_to_end.count(), counted.tenant.clone()), (3, 1, None));
        assert!((counted.end_to_end.sum() - 0.04).abs() < 1e-9, "{counted:?}");
    }

    #[test]
    fn types_and_tenants_beyond_the_first_thousand_are_counted_together() {
        let mut activity = Activity::new(TenantLabels::All);
        (0..NAMES + 20).for_each(|number| handled(&mut activity, &format!("a.n{number}"), "acme"));
        (0..NAMES + 20).for_each(|number| handled(&mut activity, "a.n0", &format!("t{number}")));
        note(&mut activity, None, "acme", Tally::filtered(), None);
        let attempts = activity.snapshot().attempts;
        let sum = |what: &dyn Fn(&AttemptMetrics) -> bool| {
            attempts.iter().filter(|it| what(it)).map(|it| it.succeeded + it.filtered).sum::<u64>()
        };
        assert_eq!(sum(&|_| true), 2 * (NAMES as u64 + 20) + 1, "nothing is left out");
        assert_eq!((sum(&|it| it.event_type == "other"), sum(&|it| it.event_type == "unknown")), (20, 1));
        // `acme` is one of the thousand.
        assert_eq!(sum(&|it| it.tenant.as_deref() == Some("other")), 21);
    }

    #[test]
    fn series_beyond_the_first_five_thousand_share_a_tenant() {
        let mut activity = Activity::new(TenantLabels::All);
        for event_type in 0..40 {
            (0..300).for_each(|tenant| handled(&mut activity, &format!("a.n{event_type}"), &format!("t{tenant}")));
        }
        let attempts = activity.snapshot().attempts;
        let others = attempts.iter().filter(|it| it.tenant.as_deref() == Some("other"));
        assert_eq!(others.map(|it| it.succeeded).sum::<u64>(), 40 * 300 - SERIES as u64);
        assert!(attempts.len() <= SERIES + 40, "{}", attempts.len());
    }

    #[test]
    fn only_tenants_that_are_listed_are_told_apart() {
        let mut activity = Activity::new(TenantLabels::Only(vec!["acme".parse().unwrap()]));
        ["acme", "globex", "initech"].iter().for_each(|tenant| handled(&mut activity, "a.b", tenant));
        let (created, acme, other): (EventType, _, _) =
            ("a.b".parse().unwrap(), "acme".parse().unwrap(), "globex".parse().unwrap());
        activity.published(&[(&created, &acme), (&created, &other), (&created, &other)]);
        let metrics = activity.snapshot();
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
