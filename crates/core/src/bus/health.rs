//! Whether the bus does its work.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use futures_util::{StreamExt, future::try_join, stream};
use tokio::time::{Instant, timeout, timeout_at};

use super::EventBus;
use crate::{
    config::HealthThresholds,
    error::{Error, ErrorKind, Result},
    health::{BooksFacts, Facts, Health, RollCall, SubscriptionFacts, Vitals},
    ids::SubscriptionId,
    sync::lock,
    transport::{Books, Depths, DynAdmin, Losses},
};

const TOO_LATE: &str = "the store did not answer in time";

/// How many subscriptions of the bus one look looks at.
const ROLL_CALL: usize = 100;

/// Of how many subscriptions the books are read at the same time.
const AT_ONCE: usize = 8;

/// What was found at the last look.
#[derive(Default)]
pub(super) struct LastLook {
    /// How many events of a subscription had died.
    dead: Mutex<HashMap<SubscriptionId, u64>>,
    /// How many its lanes had dropped.
    dropped: Mutex<HashMap<SubscriptionId, u64>>,
    /// How often its place had been lost.
    losses: Mutex<HashMap<SubscriptionId, u64>>,
    roll_call: Mutex<RollCall>,
}

impl LastLook {
    /// How many came since then; none at the first look, and none if letters were replayed meanwhile. Letters that went
    /// have died as well.
    fn died_since(&self, id: &SubscriptionId, books: &Books) -> u64 {
        since(&self.dead, id, books.dead + books.expired + books.letters_dropped)
    }

    /// How many its lanes dropped since then; none at the first look.
    fn dropped_since(&self, id: &SubscriptionId, books: &Books) -> u64 {
        since(&self.dropped, id, books.dropped)
    }

    /// How often its place was lost since then, or since it runs here, and what was lost the last time.
    fn lost_since(&self, id: &SubscriptionId, losses: &Losses) -> Option<(u64, String)> {
        let before = lock(&self.losses).insert(id.clone(), losses.count).unwrap_or(0);
        // One that was stopped and runs again counts from the beginning.
        let times = losses.count.checked_sub(before).unwrap_or(losses.count);
        let detail = losses.last.as_ref().map(|last| last.detail.clone());
        (times > 0).then(|| (times, detail.unwrap_or_default()))
    }
}

/// By how many it is more than it was, which is forgotten; none at the first time.
fn since(known: &Mutex<HashMap<SubscriptionId, u64>>, id: &SubscriptionId, now: u64) -> u64 {
    let before = lock(known).insert(id.clone(), now);
    before.map_or(0, |before| now.saturating_sub(before))
}

impl EventBus {
    /// Whether this bus does its work in this process: whether the store answers in time, the subscriptions that run here
    /// read, settle and renew, what the transport does by itself gets done, not too much waits for them nor for too long,
    /// their places in the store are not lost, and no events have died or were dropped from lanes that are too long since
    /// this was last asked; and whether somebody reads every subscription of the bus, those of other services too. Meant
    /// for a probe every 10 s: it reads the books and the depths of each subscription that runs here, which cost two calls
    /// for every 20 lanes that it takes, at most 16 at once, of eight subscriptions at the same time, and asks for the readers
    /// of 100 subscriptions, of the next 100 the next time.
    ///
    /// Judged by [`HealthThresholds::default`].
    ///
    /// # Cancel safety
    /// Cancel safe, but dead letters, drops and losses that were seen may be left out of the next answer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// let health = bus.health().await;
    /// for reason in &health.reasons {
    ///     println!("{reason}");
    /// }
    /// assert!(health.is_healthy());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn health(&self) -> Health {
        let thresholds = HealthThresholds::default();
        self.facts(&thresholds).await.judge(&thresholds)
    }

    /// As [`health`](EventBus::health), judged by other thresholds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with every threshold that is out of range.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// use tekup_core::{EventBus, HealthThresholds};
    ///
    /// let mut thresholds = HealthThresholds::default();
    /// thresholds.waiting = 500;
    /// assert!(EventBus::in_memory("crm")?.health_by(&thresholds).await?.is_healthy());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn health_by(&self, thresholds: &HealthThresholds) -> Result<Health> {
        thresholds.check()?;
        Ok(self.facts(thresholds).await.judge(thresholds))
    }

    async fn facts(&self, thresholds: &HealthThresholds) -> Facts {
        if self.0.expect_open().is_err() {
            return Facts { closed: true, ..Facts::default() };
        }
        let admin = self.0.transport.admin();
        let store = ping(&*admin, thresholds.patience).await;
        // The store may vanish meanwhile: all books together have the patience that one answer has.
        let deadline = Instant::now() + thresholds.patience;
        let look = async |vitals: Vitals| {
            let books = match store {
                Ok(_) => Some(self.books_facts(&*admin, &vitals, deadline).await),
                Err(_) => None,
            };
            let mended = self.0.last_look.lost_since(&vitals.id, &vitals.losses);
            SubscriptionFacts { vitals, books, mended }
        };
        let running = self.0.running.vitals(self.0.config.lease);
        let subscriptions = stream::iter(running).map(look).buffered(AT_ONCE).collect().await;
        let silent = match store {
            Ok(_) => Some(self.call_the_roll(&*admin, deadline).await),
            Err(_) => None,
        };
        Facts { closed: false, store: Some(store), transport: self.0.transport.vitals(), subscriptions, silent }
    }

    async fn books_facts(&self, admin: &dyn DynAdmin, vitals: &Vitals, until: Instant) -> Result<BooksFacts, String> {
        let found = try_join(admin.books(&vitals.id), admin.depths(&vitals.id, None));
        match timeout_at(until, found).await {
            Err(_) => Err(TOO_LATE.into()),
            // It runs here, so it was registered.
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
                Ok(BooksFacts { lost: Some(Vec::new()), ..BooksFacts::default() })
            }
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok((books, depths))) => {
                let last = &self.0.last_look;
                let (died, dropped_since) =
                    (last.died_since(&vitals.id, &books), last.dropped_since(&vitals.id, &books));
                let (oldest, lost) = (depths.total.oldest, lost_lanes(&depths));
                let Books { ready: waiting, dead, dropped, .. } = books;
                Ok(BooksFacts { waiting, oldest, lost, dead, died, dropped, dropped_since })
            }
        }
    }

    /// For how long nobody has read those that nobody reads.
    async fn call_the_roll(
        &self,
        admin: &dyn DynAdmin,
        until: Instant,
    ) -> Result<Vec<(SubscriptionId, Duration)>, String> {
        let roll_call = &self.0.last_look.roll_call;
        let after = lock(roll_call).after();
        let page = timeout_at(until, admin.subscriptions(after.clone(), ROLL_CALL)).await;
        let page = page.map_err(|_| TOO_LATE.to_owned())?.map_err(|error| error.to_string())?;
        let mut roll_call = lock(roll_call);
        roll_call.note(after, page);
        Ok(roll_call.silent())
    }
}

/// Those whose place is lost, if there are any.
fn lost_lanes(depths: &Depths) -> Option<Vec<String>> {
    let lost = depths.lanes.iter().filter(|lane| lane.lost);
    let names: Vec<String> = lost.map(|lane| format!("{}:{}", lane.event_type, lane.priority.as_str())).collect();
    (!names.is_empty()).then_some(names)
}

/// How long the store takes for something small.
pub(super) async fn ping(admin: &dyn DynAdmin, patience: Duration) -> Result<Duration, String> {
    let begun = Instant::now();
    match timeout(patience, admin.counters(None)).await {
        Err(_) => Err(format!("no answer within {patience:?}")),
        Ok(answer) => answer.map(|_| begun.elapsed()).map_err(|error: Error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{priority::Priority, timestamp::Timestamp, transport::Loss};

    #[test]
    fn lanes_that_are_lost_are_named_and_no_others() {
        let mut depths = Depths::default();
        assert_eq!(lost_lanes(&depths), None);
        let (created, scored) = ("lead.created".parse().unwrap(), "lead.scored".parse().unwrap());
        depths.add_lane(&created, Priority::Low, &crate::transport::Depth { ready: 1, ..Default::default() });
        assert_eq!(lost_lanes(&depths), None);
        depths.lose_lane(&scored, Priority::High);
        assert_eq!(lost_lanes(&depths), Some(vec!["lead.scored:high".to_owned()]));
    }

    #[test]
    fn letters_that_went_for_room_have_died_and_what_lanes_dropped_has_not() {
        let (look, id) = (LastLook::default(), "billing/ledger".parse().unwrap());
        let told = |books: Books| (look.died_since(&id, &books), look.dropped_since(&id, &books));
        let books = Books { dead: 4, letters_dropped: 2, dropped: 7, ..Books::default() };
        assert_eq!(told(books), (0, 0), "nobody knows since when");
        assert_eq!(told(Books { letters_dropped: 5, ..books }), (3, 0));
        assert_eq!(told(Books { letters_dropped: 5, dropped: 9, ..books }), (0, 2));
        assert_eq!(told(Books { dead: 1, letters_dropped: 5, dropped: 9, ..books }), (0, 0), "three were replayed");
    }

    #[test]
    fn a_loss_is_told_once_and_again_when_it_has_happened_again() {
        let (look, id) = (LastLook::default(), "billing/ledger".parse().unwrap());
        let lost = |count| {
            let last = Loss { at: Timestamp::now(), registration: false, lanes: 1, detail: "a lane".into() };
            Losses { count, last: (count > 0).then_some(last) }
        };
        let told = [0, 2, 2, 3, 1].map(|count| look.lost_since(&id, &lost(count)).map(|(times, _)| times));
        assert_eq!(told, [None, Some(2), None, Some(1), Some(1)], "the last one has begun anew");
    }
}
