//! From what was found to what is wrong: pure, so that a table tests it.

use std::time::Duration;

use super::{Health, Part, Reason};
use crate::{config::HealthThresholds, ids::SubscriptionId};

/// What was found of a bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) closed: bool,
    /// How long the store took to answer, or why it did not.
    pub(crate) store: Option<Result<Duration, String>>,
    pub(crate) subscriptions: Vec<SubscriptionFacts>,
}

/// What was found of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct SubscriptionFacts {
    pub(crate) vitals: Vitals,
    /// Its books; absent if the store does not answer anyway.
    pub(crate) books: Option<Result<BooksFacts, String>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BooksFacts {
    pub(crate) waiting: u64,
    pub(crate) dead: u64,
    /// How many dead letters came since the last look.
    pub(crate) died: u64,
}

/// What a running subscription says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Vitals {
    pub(crate) id: SubscriptionId,
    /// Why it has stopped reading by itself.
    pub(crate) failure: Option<String>,
    pub(crate) ended: Vec<Part>,
    /// Which parts try to get something done, and for how long.
    pub(crate) trying: Vec<(Part, Duration)>,
    pub(crate) lease: Duration,
    /// An operator wants it to do nothing.
    pub(crate) is_paused: bool,
}

impl Facts {
    pub(crate) fn judge(self, thresholds: &HealthThresholds) -> Health {
        if self.closed {
            return Health::of(vec![Reason::Closed]);
        }
        let store = self.store.and_then(|answer| match answer {
            Err(error) => Some(Reason::StoreUnreachable { error }),
            Ok(latency) => (latency > thresholds.slow).then(|| Reason::StoreSlow { latency_ms: millis(latency) }),
        });
        let others = self.subscriptions.into_iter().flat_map(|found| found.reasons(thresholds));
        Health::of(store.into_iter().chain(others).collect())
    }
}

impl SubscriptionFacts {
    fn reasons(self, thresholds: &HealthThresholds) -> Vec<Reason> {
        let (id, is_paused) = (self.vitals.id.clone(), self.vitals.is_paused);
        let mut reasons = self.vitals.reasons(thresholds);
        match self.books {
            None => {}
            Some(Err(error)) => reasons.push(Reason::Unaccounted { subscription: id, error }),
            Some(Ok(books)) => {
                // What waits for a pause to end is where it shall be.
                let waiting = if is_paused { 0 } else { books.waiting };
                reasons.extend(BooksFacts { waiting, ..books }.reasons(&id, thresholds));
            }
        }
        reasons
    }
}

impl Vitals {
    fn reasons(self, thresholds: &HealthThresholds) -> Vec<Reason> {
        let Self { id, failure, ended, trying, lease, is_paused: _ } = self;
        // A reader that says why it stopped has ended, too.
        let has_said = failure.is_some();
        let stopped = failure.map(|error| Reason::SubscriptionStopped { subscription: id.clone(), error });
        let ended = ended.into_iter().filter(|part| !(has_said && *part == Part::Reader));
        let ended = ended.map(|part| Reason::Ended { subscription: id.clone(), part });
        // Leases end sooner than anything else may be late.
        let allowed = |part| if part == Part::Keeper { lease } else { thresholds.stalled };
        let stalled = trying
            .into_iter()
            .filter(|(part, time)| *time > allowed(*part))
            .map(|(part, time)| Reason::Stalled { subscription: id.clone(), part, for_ms: millis(time) });
        stopped.into_iter().chain(ended).chain(stalled).collect()
    }
}

impl BooksFacts {
    fn reasons(self, id: &SubscriptionId, thresholds: &HealthThresholds) -> impl Iterator<Item = Reason> {
        let Self { waiting, dead, died } = self;
        let lagging = (waiting > thresholds.waiting).then(|| Reason::Lagging { subscription: id.clone(), waiting });
        let grow = || Reason::DeadLettersGrow { subscription: id.clone(), new: died, dead };
        lagging.into_iter().chain((died > thresholds.dead_letters).then(grow))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Level::{self, Degraded, Healthy, Unhealthy};

    const SECOND: Duration = Duration::from_secs(1);

    fn well() -> Vitals {
        let id = "billing/ledger".parse().unwrap();
        Vitals { id, failure: None, ended: Vec::new(), trying: Vec::new(), lease: 30 * SECOND, is_paused: false }
    }

    fn bus_with(vitals: Vitals, books: BooksFacts) -> Facts {
        let subscriptions = vec![SubscriptionFacts { vitals, books: Some(Ok(books)) }];
        Facts { closed: false, store: Some(Ok(Duration::from_millis(1))), subscriptions }
    }

    fn store(answer: Result<Duration, String>) -> Facts {
        Facts { store: Some(answer), ..bus_with(well(), BooksFacts::default()) }
    }

    fn vitals(change: impl FnOnce(&mut Vitals)) -> Facts {
        let mut vitals = well();
        change(&mut vitals);
        bus_with(vitals, BooksFacts::default())
    }

    fn books(waiting: u64, died: u64) -> Facts {
        bus_with(well(), BooksFacts { waiting, dead: 7, died })
    }

    #[test]
    fn each_fact_has_its_level_and_a_reason_that_says_what_to_do() {
        let unreadable = SubscriptionFacts { vitals: well(), books: Some(Err("it is gone".into())) };
        let table: [(&str, Facts, Level, &[&str]); 16] = [
            ("all is well", books(0, 0), Healthy, &[]),
            ("closed", Facts { closed: true, ..books(99_999, 9) }, Unhealthy, &["make a new one"]),
            ("no store", store(Err("no route".into())), Unhealthy, &["no route; check server"]),
            ("slow", store(Ok(SECOND)), Degraded, &["after 1000 ms"]),
            ("fast enough", store(Ok(SECOND / 4)), Healthy, &[]),
            ("stopped", vitals(|it| it.failure = Some("denied".into())), Unhealthy, &["has stopped reading: denied"]),
            (
                "stopped, and so ended",
                vitals(|it| (it.failure, it.ended) = (Some("denied".into()), vec![Part::Reader])),
                Unhealthy,
                &["has stopped reading: denied"],
            ),
            (
                "ended",
                vitals(|it| it.ended = vec![Part::Settler]),
                Unhealthy,
                &["settler of `billing/ledger` has ended"],
            ),
            ("reader", vitals(|it| it.trying = vec![(Part::Reader, 31 * SECOND)]), Unhealthy, &["for 31000 ms"]),
            ("settler", vitals(|it| it.trying = vec![(Part::Settler, 30 * SECOND)]), Healthy, &[]),
            (
                "keeper",
                vitals(|it| (it.lease, it.trying) = (SECOND, vec![(Part::Keeper, 2 * SECOND)])),
                Unhealthy,
                &["the keeper of `billing/ledger`"],
            ),
            ("lagging", books(10_001, 0), Degraded, &["10001 events wait for `billing/ledger`"]),
            ("not lagging", books(10_000, 0), Healthy, &[]),
            ("dying", books(0, 3), Degraded, &["3 new dead letters of `billing/ledger`, 7 in all"]),
            ("lagging and dying", books(10_001, 1), Degraded, &["10001 events", "1 new dead letter"]),
            (
                "unreadable",
                Facts { subscriptions: vec![unreadable], ..books(0, 0) },
                Degraded,
                &["books of `billing/ledger` can't be read: it is gone"],
            ),
        ];
        for (what, facts, level, said) in table {
            let health = facts.judge(&HealthThresholds::default());
            assert_eq!((health.level, health.reasons.len()), (level, said.len()), "{what}: {health:?}");
            for (reason, said) in health.reasons.iter().zip(said) {
                assert!(reason.to_string().contains(said), "{what}: {reason}");
            }
        }
    }

    #[test]
    fn the_worst_comes_first_and_survives_a_round_trip() {
        let facts = Facts { store: Some(Err("no route".into())), ..books(10_001, 1) };
        let health = facts.judge(&HealthThresholds::default());
        assert_eq!((health.level, health.reasons[0].level(), health.reasons.len()), (Unhealthy, Unhealthy, 3));
        let json = serde_json::to_string(&health).unwrap();
        assert!(json.starts_with(r#"{"level":"unhealthy","reasons":[{"reason":"store_unreachable","error""#), "{json}");
        assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    }
}
