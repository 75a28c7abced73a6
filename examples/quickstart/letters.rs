use std::time::Duration;

use anyhow::{Result, ensure};
use tekup_core::{
    DeadLetters, EventBus,
    letters::LetterFilter,
    transport::{DeadLetter, DeadReason},
};
use tokio::time::{interval, timeout};

use crate::{TENANT, scorer::Scorer};

/// How long events may take to be handled or dead; what is open then is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The dead letters of the scoring subscription, and the ledger that is told of them.
pub(crate) struct Letters<'a> {
    dead: DeadLetters,
    scorer: &'a Scorer,
}

impl<'a> Letters<'a> {
    pub(crate) fn new(bus: &EventBus, scorer: &'a Scorer) -> Result<Self> {
        Ok(Self { dead: bus.dead_letters("quickstart/scoring")?, scorer })
    }

    /// Waits until every event is handled or dead, but not for ever.
    pub(crate) async fn settle(&self) -> Result<()> {
        let settled = async {
            let mut looks = interval(Duration::from_millis(20));
            loop {
                looks.tick().await;
                self.list().await?;
                if self.scorer.is_done().await {
                    return Ok(());
                }
            }
        };
        timeout(PATIENCE, settled).await.unwrap_or(Ok(()))
    }

    pub(crate) async fn show(&self) -> Result<()> {
        for letter in self.list().await? {
            println!("dead: {} ({}, attempts: {})", shown(&letter), letter.reason, letter.attempts);
        }
        Ok(())
    }

    /// Gives back what failed for a cause outside of it: the same id, the same bytes. What is malformed stays.
    pub(crate) async fn replay(&self) -> Result<()> {
        let mut failed = self.list().await?;
        failed.retain(|letter| letter.reason == DeadReason::AttemptsExhausted);
        failed.iter().for_each(|letter| println!("replaying: {}", shown(letter)));
        let filter = LetterFilter::new().tenant(TENANT).reason(DeadReason::AttemptsExhausted);
        let progress = self.dead.filter(filter).replay().per_second(500.0).await?;
        ensure!(progress.done == progress.matched, "not all could be replayed: {progress:?}");
        self.scorer.ledger.lock().await.replayed.extend(failed.iter().map(|letter| letter.id));
        Ok(())
    }

    /// This run's dead letters, as the bus knows them.
    async fn list(&self) -> Result<Vec<DeadLetter>> {
        let (mut letters, mut after) = (Vec::new(), None);
        loop {
            let page = self.dead.list(after, 100).await?;
            letters.extend(page.letters);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut ledger = self.scorer.ledger.lock().await;
        ledger.found_dead(letters.iter().map(|letter| letter.id));
        letters.retain(|letter| ledger.dead.contains(&letter.id));
        Ok(letters)
    }
}

/// The data of an event, or what was meant to be one.
fn shown(letter: &DeadLetter) -> String {
    match letter.event() {
        Ok(event) => event.json().to_owned(),
        Err(_) => String::from_utf8_lossy(&letter.bytes).into_owned(),
    }
}
