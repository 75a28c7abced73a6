//! From what was found to what is wrong: pure, so that a table tests it.

use std::time::Duration;

use super::{Health, Part, Reason, Vital};
use crate::{config::HealthThresholds, ids::SubscriptionId, transport::Losses};

/// How many dead subscriptions are named.
const MOST_NAMED: usize = 5;

/// What was found of a bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) closed: bool,
    /// How long the store took to answer, or why it did not.
    pub(crate) store: Option<Result<Duration, String>>,
    /// How it is with what the transport does by itself.
    pub(crate) transport: Vec<(Part, Vital)>,
    pub(crate) subscriptions: Vec<SubscriptionFacts>,
    /// For how long nobody has read those that nobody reads, on the whole bus; absent if the store does not answer anyway.
    pub(crate) silent: Option<Result<Vec<(SubscriptionId, Duration)>, String>>,
}

/// What was found of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct SubscriptionFacts {
    pub(crate) vitals: Vitals,
    /// Its books; absent if the store does not answer anyway.
    pub(crate) books: Option<Result<BooksFacts, String>>,
    /// How often its place was lost and made anew since the last look, and what was lost the last time.
    pub(crate) mended: Option<(u64, String)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BooksFacts {
    pub(crate) waiting: u64,
    /// For how long the oldest has waited.
    pub(crate) oldest: Option<Duration>,
    /// What the store has lost and nobody has made anew yet: lanes, none if it is the registration.
    pub(crate) lost: Option<Vec<String>>,
    pub(crate) dead: u64,
    /// How many dead letters came since the last look.
    pub(crate) died: u64,
    /// How many events lanes have dropped at their hard cap, and how many of them since the last look.
    pub(crate) dropped: u64,
    pub(crate) dropped_since: u64,
}

/// What a running subscription says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Vitals {
    pub(crate) id: SubscriptionId,
    /// Why it has stopped reading by itself.
    pub(crate) failure: Option<String>,
    pub(crate) parts: Vec<(Part, Vital)>,
    pub(crate) lease: Duration,
    /// An operator wants it to do nothing.
    pub(crate) is_paused: bool,
    /// What the store lost, and the replica has made anew.
    pub(crate) losses: Losses,
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
        let transport = self.transport.into_iter().filter_map(|(part, vital)| match vital {
            Vital::Ended => Some(Reason::TransportEnded { part }),
            Vital::Trying(time) if time > thresholds.stalled => {
                Some(Reason::TransportStalled { part, for_ms: millis(time) })
            }
            Vital::Trying(_) | Vital::Well => None,
        });
        let others = self.subscriptions.into_iter().flat_map(|found| found.reasons(thresholds));
        let silent = self.silent.and_then(|silent| match silent {
            Err(error) => Some(Reason::Unlisted { error }),
            Ok(silent) => dead(silent, thresholds.silent),
        });
        Health::of(store.into_iter().chain(transport).chain(others).chain(silent).collect())
    }
}

/// Those that nobody has read for longer than is allowed.
fn dead(mut silent: Vec<(SubscriptionId, Duration)>, allowed: Duration) -> Option<Reason> {
    silent.retain(|(_, time)| *time > allowed);
    silent.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    let for_ms = millis(silent.first()?.1);
    let more = silent.len().saturating_sub(MOST_NAMED) as u64;
    let subscriptions = silent.into_iter().take(MOST_NAMED).map(|(id, _)| id).collect();
    Some(Reason::DeadSubscriptions { subscriptions, more, for_ms })
}

impl SubscriptionFacts {
    fn reasons(self, thresholds: &HealthThresholds) -> Vec<Reason> {
        let (id, is_paused) = (self.vitals.id.clone(), self.vitals.is_paused);
        let mut reasons = self.vitals.reasons(thresholds);
        if let Some((times, detail)) = self.mended {
            reasons.push(Reason::PlaceMended { subscription: id.clone(), times, detail });
        }
        match self.books {
            None => {}
            Some(Err(error)) => reasons.push(Reason::Unaccounted { subscription: id, error }),
            Some(Ok(books)) => {
                // What waits for a pause to end is where it shall be.
                let (waiting, oldest) = if is_paused { (0, None) } else { (books.waiting, books.oldest) };
                reasons.extend(BooksFacts { waiting, oldest, ..books }.reasons(&id, thresholds));
            }
        }
        reasons
    }
}

impl Vitals {
    fn reasons(self, thresholds: &HealthThresholds) -> Vec<Reason> {
        let Self { id, failure, parts, lease, is_paused: _, losses: _ } = self;
        // A reader that says why it stopped has ended, too.
        let has_said = failure.is_some();
        let stopped = failure.map(|error| Reason::SubscriptionStopped { subscription: id.clone(), error });
        // Leases end sooner than anything else may be late.
        let allowed = |part| if part == Part::Keeper { lease } else { thresholds.stalled };
        let reason = |(part, vital): (Part, Vital)| match vital {
            Vital::Ended if has_said && part == Part::Reader => None,
            Vital::Ended => Some(Reason::Ended { subscription: id.clone(), part }),
            Vital::Trying(time) if time > allowed(part) => {
                Some(Reason::Stalled { subscription: id.clone(), part, for_ms: millis(time) })
            }
            Vital::Trying(_) | Vital::Well => None,
        };
        stopped.into_iter().chain(parts.into_iter().filter_map(reason)).collect()
    }
}

impl BooksFacts {
    fn reasons(self, id: &SubscriptionId, thresholds: &HealthThresholds) -> impl Iterator<Item = Reason> {
        let Self { waiting, oldest, lost, dead, died, dropped, dropped_since: new } = self;
        let lagging = (waiting > thresholds.waiting).then(|| Reason::Lagging { subscription: id.clone(), waiting });
        let grow = || Reason::DeadLettersGrow { subscription: id.clone(), new: died, dead };
        let overdue = oldest.filter(|oldest| *oldest > thresholds.age);
        let overdue = overdue.map(|oldest| Reason::Overdue { subscription: id.clone(), oldest_ms: millis(oldest) });
        let lost = lost.map(|lanes| Reason::PlaceLost { subscription: id.clone(), lanes });
        let drops = (new > 0).then(|| Reason::EventsDropped { subscription: id.clone(), new, dropped });
        let grow = (died > thresholds.dead_letters).then(grow);
        drops.into_iter().chain(lagging).chain(overdue).chain(lost).chain(grow)
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
        Vitals { id, failure: None, parts: Vec::new(), lease: 30 * SECOND, is_paused: false, losses: Losses::default() }
    }

    fn bus_with(vitals: Vitals, books: BooksFacts) -> Facts {
        let subscriptions = vec![SubscriptionFacts { vitals, books: Some(Ok(books)), mended: None }];
        let (store, silent) = (Some(Ok(Duration::from_millis(1))), Some(Ok(Vec::new())));
        Facts { closed: false, store, transport: Vec::new(), subscriptions, silent }
    }

    fn store(answer: Result<Duration, String>) -> Facts {
        Facts { store: Some(answer), ..bus_with(well(), BooksFacts::default()) }
    }

    fn vitals(change: impl FnOnce(&mut Vitals)) -> Facts {
        let mut vitals = well();
        change(&mut vitals);
        bus_with(vitals, BooksFacts::default())
    }

    fn trying(part: Part, time: Duration) -> Facts {
        vitals(|it| it.parts = vec![(part, Vital::Trying(time))])
    }

    fn scheduler(vital: Vital) -> Facts {
        Facts { transport: vec![(Part::Scheduler, vital)], ..books_of_none() }
    }

    fn books(waiting: u64, died: u64) -> Facts {
        bus_with(well(), BooksFacts { waiting, dead: 7, died, ..BooksFacts::default() })
    }

    fn drops(dropped_since: u64) -> Facts {
        bus_with(well(), BooksFacts { dropped: 9, dropped_since, ..BooksFacts::default() })
    }

    fn waits(oldest: Duration, is_paused: bool) -> Facts {
        let books = BooksFacts { waiting: 1, oldest: Some(oldest), ..BooksFacts::default() };
        bus_with(Vitals { is_paused, ..well() }, books)
    }

    fn lost(lanes: &[&str]) -> Facts {
        let lost = Some(lanes.iter().map(ToString::to_string).collect());
        bus_with(well(), BooksFacts { lost, ..BooksFacts::default() })
    }

    fn mended(times: u64) -> Facts {
        let mended = Some((times, "lead.created:medium from 0-0".to_owned()));
        let books = Some(Ok(BooksFacts::default()));
        Facts { subscriptions: vec![SubscriptionFacts { vitals: well(), books, mended }], ..books_of_none() }
    }

    fn books_of_none() -> Facts {
        bus_with(well(), BooksFacts::default())
    }

    /// Subscriptions that nobody has read for so many minutes.
    fn silent(minutes: &[u32]) -> Facts {
        let named = minutes.iter().map(|time| (format!("crm/idle-{time}").parse().unwrap(), 60 * *time * SECOND));
        Facts { silent: Some(Ok(named.collect())), ..books_of_none() }
    }

    #[test]
    fn each_fact_has_its_level_and_a_reason_that_says_what_to_do() {
        let unreadable = SubscriptionFacts { vitals: well(), books: Some(Err("it is gone".into())), mended: None };
        let table: [(&str, Facts, Level, &[&str]); 37] = [
            ("all is well", books(0, 0), Healthy, &[]),
            ("closed", Facts { closed: true, ..books(99_999, 9) }, Unhealthy, &["make a new one"]),
            ("no store", store(Err("no route".into())), Unhealthy, &["no route; check server"]),
            ("slow", store(Ok(SECOND)), Degraded, &["after 1000 ms"]),
            ("fast enough", store(Ok(SECOND / 4)), Healthy, &[]),
            ("stopped", vitals(|it| it.failure = Some("denied".into())), Unhealthy, &["has stopped reading: denied"]),
            (
                "stopped, and so ended",
                vitals(|it| (it.failure, it.parts) = (Some("denied".into()), vec![(Part::Reader, Vital::Ended)])),
                Unhealthy,
                &["has stopped reading: denied"],
            ),
            (
                "ended",
                vitals(|it| it.parts = vec![(Part::Settler, Vital::Ended)]),
                Unhealthy,
                &["settler of `billing/ledger` has ended"],
            ),
            ("reader", trying(Part::Reader, 31 * SECOND), Unhealthy, &["for 31000 ms"]),
            ("settler", trying(Part::Settler, 30 * SECOND), Healthy, &[]),
            ("mover", trying(Part::Mover, 31 * SECOND), Degraded, &["the mover of `billing/ledger` gets nothing done"]),
            ("watcher", trying(Part::Watcher, 31 * SECOND), Degraded, &["the watcher of `billing/ledger`"]),
            (
                "a mover that has ended",
                vitals(|it| it.parts = vec![(Part::Mover, Vital::Ended), (Part::Worker, Vital::Well)]),
                Unhealthy,
                &["the mover of `billing/ledger` has ended"],
            ),
            (
                "scheduler",
                scheduler(Vital::Trying(31 * SECOND)),
                Degraded,
                &["scheduler of the transport gets nothing"],
            ),
            ("a scheduler that tries", scheduler(Vital::Trying(30 * SECOND)), Healthy, &[]),
            ("no scheduler", scheduler(Vital::Ended), Unhealthy, &["the scheduler of the transport has ended"]),
            (
                "keeper",
                vitals(|it| (it.lease, it.parts) = (SECOND, vec![(Part::Keeper, Vital::Trying(2 * SECOND))])),
                Unhealthy,
                &["the keeper of `billing/ledger`"],
            ),
            ("lagging", books(10_001, 0), Degraded, &["10001 events wait for `billing/ledger`"]),
            ("not lagging", books(10_000, 0), Healthy, &[]),
            ("dying", books(0, 3), Degraded, &["3 new dead letters of `billing/ledger`, 7 in all"]),
            (
                "dropping",
                drops(4),
                Degraded,
                &[
                    "4 events of `billing/ledger` are lost, 9 in all: their lanes had reached `maxLaneLength`, which drops the oldest; raise it, start more replicas",
                ],
            ),
            ("no more dropping", drops(0), Healthy, &[]),
            ("lagging and dying", books(10_001, 1), Degraded, &["10001 events", "1 new dead letter"]),
            (
                "too old",
                waits(301 * SECOND, false),
                Degraded,
                &["waits for `billing/ledger` has waited for 301000 ms: look for handlers that hang"],
            ),
            ("not too old", waits(300 * SECOND, false), Healthy, &[]),
            ("old and paused", waits(9_999 * SECOND, true), Healthy, &[]),
            (
                "a lost place",
                lost(&["lead.created:medium", "lead.scored:high"]),
                Degraded,
                &[
                    "place of `billing/ledger` in lead.created:medium, lead.scored:high: its replicas make it anew, and what was settled since the last trim comes again",
                ],
            ),
            ("a lost registration", lost(&[]), Degraded, &["lost the subscription `billing/ledger`"]),
            (
                "mended once",
                mended(1),
                Degraded,
                &[
                    "`billing/ledger` once since the last look, the last time lead.created:medium from 0-0: it was made anew, and what was settled since the last trim comes again",
                ],
            ),
            ("mended twice", mended(2), Degraded, &["`billing/ledger` 2 times since the last look"]),
            ("nobody is silent", silent(&[]), Healthy, &[]),
            ("silent, but not for long", silent(&[1, 10]), Healthy, &[]),
            (
                "dead",
                silent(&[11]),
                Degraded,
                &[
                    "nobody reads `crm/idle-11`, the first for 660000 ms: their events are kept, and fill the store; start their services, or remove them for good by `bus.removal(..)`",
                ],
            ),
            (
                "some dead",
                silent(&[5, 20, 30]),
                Degraded,
                &["nobody reads `crm/idle-30`, `crm/idle-20`, the first for 1800000 ms"],
            ),
            (
                "many dead",
                silent(&[11, 12, 13, 14, 15, 16, 17]),
                Degraded,
                &["`crm/idle-17`, `crm/idle-16`, `crm/idle-15`, `crm/idle-14`, `crm/idle-13` and 2 more, the first"],
            ),
            (
                "no list",
                Facts { silent: Some(Err("denied".into())), ..books_of_none() },
                Degraded,
                &["can't be listed: denied"],
            ),
            (
                "unreadable",
                Facts { subscriptions: vec![unreadable], ..books_of_none() },
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
