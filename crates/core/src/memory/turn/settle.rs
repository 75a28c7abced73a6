use std::time::Duration;

use super::{Replica, Turn};
use crate::{
    memory::{
        held::Held,
        item::{Item, place},
        letters::Letter,
    },
    transport::{DeadReason, Settled, Settlement, Stage, Verdict},
};

/// How much of an error is kept, in bytes.
const LONGEST_ERROR: usize = 1_024;

impl Turn<'_> {
    /// Ends one delivery. Without a replica it has closed: then only what needs no lease takes effect.
    pub(in crate::memory) fn settle(&mut self, settlement: &Settlement, replica: Option<&Replica>) -> Settled {
        if settlement.verdict == Verdict::Ack {
            self.note_end(settlement, replica);
        }
        if settlement.verdict.is_finished() {
            return self.ack(settlement);
        }
        let Some(held) = replica.and_then(|replica| self.let_go(settlement, replica)) else {
            return Settled::LeaseLost;
        };
        match &settlement.verdict {
            // Settled above.
            Verdict::Ack | Verdict::Skip => {}
            Verdict::Retry { delay, failures, .. } => self.retry(held.item, *delay, *failures),
            Verdict::DeadLetter { reason, attempts, error } => self.bury(held.item, *reason, *attempts, error),
            Verdict::Release => self.release(held),
        }
        Settled::Done
    }

    fn note_end(&mut self, settlement: &Settlement, replica: Option<&Replica>) {
        let window = replica.and_then(|replica| replica.idempotency);
        if let (Some(window), Some(tenant)) = (window, settlement.tenant.clone()) {
            self.subscription.finished.note((tenant, settlement.id), self.now, window);
        }
    }

    /// Unfenced: whoever finished the work may say so, even if another replica holds or awaits it by now.
    fn ack(&mut self, settlement: &Settlement) -> Settled {
        let Some(item) = self.find(settlement) else { return Settled::LeaseLost };
        self.subscription.acked += 1;
        self.mark(&item, Stage::Completed);
        Settled::Done
    }

    fn find(&mut self, settlement: &Settlement) -> Option<Item> {
        let place = place(&settlement.held)?;
        let held = self.subscription.held.take_if(place, |held| held.item.is_meant_by(settlement));
        held.map(|held| held.item)
            .or_else(|| self.subscription.ready.remove(place, |item| item.is_meant_by(settlement)))
    }

    /// Takes the delivery from a replica, if it still holds it.
    fn let_go(&mut self, settlement: &Settlement, replica: &Replica) -> Option<Held> {
        let held = settlement.held;
        self.subscription.held.take_if(place(&held)?, |known| {
            known.belongs_to(replica.number, held.starts) && known.item.is_meant_by(settlement)
        })
    }

    fn retry(&mut self, mut item: Item, delay: Duration, failures: u32) {
        item.starts = 0;
        item.failures = failures;
        item.first_failure = item.first_failure.or(Some(self.time));
        self.mark(&item, Stage::Retrying);
        self.subscription.waiting.put(item, self.now, delay);
        self.ring();
    }

    fn bury(&mut self, mut item: Item, reason: DeadReason, attempts: u32, error: &str) {
        item.failures = attempts;
        self.mark(&item, Stage::Failed);
        self.subscription.letters.put(Letter {
            event: item.event,
            reason,
            error: cut(error).into(),
            attempts,
            first_failure: item.first_failure.or((attempts > 0).then_some(self.time)),
            died: self.time,
            since: self.now,
        });
    }

    /// Back to where it came from, as it was before it was handed out.
    fn release(&mut self, Held { mut item, started, .. }: Held) {
        if started {
            item.starts = item.starts.saturating_sub(1);
        }
        if !item.is_abandoned() {
            let stage = if item.is_retry() { Stage::Retrying } else { Stage::Pending };
            self.mark(&item, stage);
        }
        self.subscription.ready.put(item);
        self.ring();
    }
}

/// As much of the error as is kept, cut between two characters.
fn cut(error: &str) -> &str {
    let longest = LONGEST_ERROR.min(error.len());
    (0..=longest).rev().find_map(|end| error.get(..end)).unwrap_or_default()
}
