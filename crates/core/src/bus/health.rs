//! Whether the bus does its work.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::time::{Instant, timeout};

use super::EventBus;
use crate::{
    config::HealthThresholds,
    error::{Error, Result},
    health::{BooksFacts, Facts, Health, SubscriptionFacts, Vitals},
    ids::SubscriptionId,
    sync::lock,
    transport::{Books, DynAdmin},
};

/// How many events had died at the last look.
#[derive(Default)]
pub(super) struct LastLook(Mutex<HashMap<SubscriptionId, u64>>);

impl LastLook {
    /// How many came since then; none at the first look, and none if letters were replayed meanwhile.
    fn died_since(&self, id: &SubscriptionId, books: &Books) -> u64 {
        let dead = books.dead + books.expired + books.dropped;
        let before = lock(&self.0).insert(id.clone(), dead);
        before.map_or(0, |before| dead.saturating_sub(before))
    }
}

impl EventBus {
    /// Whether this bus does its work in this process: whether the store answers in time, the subscriptions that run here
    /// read, settle and renew, not too much waits for them, and no events have died since this was last asked. Meant for
    /// a probe every 10 s: it reads the books of each subscription, which cost a call for every 20 lanes.
    ///
    /// Judged by [`HealthThresholds::default`].
    ///
    /// # Cancel safety
    /// Cancel safe, but dead letters that were seen may be left out of the next answer.
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
        let mut subscriptions = Vec::new();
        // The store may vanish meanwhile: all books together have the patience that one answer has.
        let deadline = Instant::now() + thresholds.patience;
        for vitals in self.0.running.vitals(self.0.config.lease) {
            let books = match store {
                Ok(_) => Some(self.books_facts(&*admin, &vitals, deadline).await),
                Err(_) => None,
            };
            subscriptions.push(SubscriptionFacts { vitals, books });
        }
        Facts { closed: false, store: Some(store), subscriptions }
    }

    async fn books_facts(&self, admin: &dyn DynAdmin, vitals: &Vitals, until: Instant) -> Result<BooksFacts, String> {
        match tokio::time::timeout_at(until, admin.books(&vitals.id)).await {
            Err(_) => Err("the store did not answer in time".into()),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(books)) => {
                let died = self.0.last_look.died_since(&vitals.id, &books);
                Ok(BooksFacts { waiting: books.ready, dead: books.dead, died })
            }
        }
    }
}

/// How long the store takes for something small.
async fn ping(admin: &dyn DynAdmin, patience: Duration) -> Result<Duration, String> {
    let begun = Instant::now();
    match timeout(patience, admin.counters(None)).await {
        Err(_) => Err(format!("no answer within {patience:?}")),
        Ok(answer) => answer.map(|_| begun.elapsed()).map_err(|error: Error| error.to_string()),
    }
}
