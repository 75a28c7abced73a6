use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tekup_core::{
    EventType, Pattern, SubscriptionId,
    transport::{Books, Outgoing, Settled, Settlement, SourceSpec, Verdict},
};
use tokio::sync::Notify;

use crate::watched::Watcher;

/// What the suite has seen happen, to be compared with the transport's books.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
    died: Notify,
}

#[derive(Debug, Default)]
struct State {
    published: Vec<EventType>,
    accounts: BTreeMap<SubscriptionId, Account>,
}

#[derive(Debug, Default)]
struct Account {
    /// The patterns that held from so many published events on.
    patterns: Vec<(usize, Vec<Pattern>)>,
    acked: u64,
    dead: u64,
    only_balanced: bool,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn opened(&self, id: &SubscriptionId, patterns: Vec<Pattern>) {
        let mut state = self.lock();
        let from = state.published.len();
        state.accounts.entry(id.clone()).or_default().patterns.push((from, patterns));
    }

    pub(super) fn published(&self, event_type: EventType) {
        self.lock().published.push(event_type);
    }

    pub(super) fn settled(&self, id: &SubscriptionId, verdict: &Verdict, settled: Settled) {
        let mut state = self.lock();
        let account = state.accounts.entry(id.clone()).or_default();
        match (verdict, settled) {
            (verdict, Settled::Done) if verdict.is_finished() => account.acked += 1,
            (Verdict::DeadLetter { .. }, Settled::Done) => {
                account.dead += 1;
                self.died.notify_one();
            }
            _ => {}
        }
    }

    /// Waits until so many events of a subscription are dead. For one waiter.
    pub(super) async fn until_dead(&self, id: &SubscriptionId, count: u64) {
        while self.lock().accounts.get(id).is_none_or(|account| account.dead < count) {
            self.died.notified().await;
        }
    }

    pub(super) fn purged(&self, id: &SubscriptionId, letters: u64) {
        self.replayed(id, letters);
    }

    pub(super) fn replayed(&self, id: &SubscriptionId, letters: u64) {
        let mut state = self.lock();
        let account = state.accounts.entry(id.clone()).or_default();
        account.dead = account.dead.saturating_sub(letters);
    }

    /// It has no books any more, until it is opened again.
    pub(super) fn removed(&self, id: &SubscriptionId) {
        self.lock().accounts.remove(id);
    }

    /// From now on only the balance is asked of a subscription's books: what the suite can't know in advance, such as
    /// which of two racing calls was first, is checked by the behaviour itself.
    pub(super) fn ask_only_for_balance(&self, id: &SubscriptionId) {
        self.lock().accounts.entry(id.clone()).or_default().only_balanced = true;
    }

    pub(super) fn subscriptions(&self) -> Vec<SubscriptionId> {
        self.lock().accounts.keys().cloned().collect()
    }

    /// What the books should say otherwise; `None` if they are right.
    pub(super) fn objection(&self, id: &SubscriptionId, books: &Books) -> Option<String> {
        let state = self.lock();
        let account = state.accounts.get(id)?;
        if !books.balanced() {
            return Some(format!("the books of {id} don't balance: {books:?}"));
        }
        let published =
            state.published.iter().enumerate().filter(|(at, event)| account.takes(*at, event)).count() as u64;
        let seen = (published, account.acked, account.dead);
        let same = account.only_balanced || seen == (books.published, books.acked, books.dead);
        (!same).then(|| {
            let (published, acked, dead) = seen;
            format!("the books of {id} should say published {published}, acked {acked}, dead {dead}: {books:?}")
        })
    }
}

impl Account {
    fn takes(&self, at: usize, event_type: &EventType) -> bool {
        let held = self.patterns.iter().rev().find(|(from, _)| *from <= at);
        held.is_some_and(|(_, patterns)| patterns.iter().any(|pattern| pattern.matches(event_type)))
    }
}

impl Watcher for Ledger {
    /// What comes later is in nobody's books until then.
    fn published(&self, event: Outgoing) {
        if event.due.is_none() {
            self.published(event.event_type);
        }
    }

    fn opened(&self, spec: &SourceSpec) {
        self.opened(&spec.id, spec.patterns.clone());
    }

    fn settled(&self, subscription: &SubscriptionId, settlement: Settlement, answer: Settled) {
        self.settled(subscription, &settlement.verdict, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (Ledger, SubscriptionId) {
        let (ledger, id) = (Ledger::default(), "billing/ledger".parse().unwrap());
        ledger.published("invoice.sent".parse().unwrap());
        ledger.opened(&id, vec!["invoice.*".parse().unwrap()]);
        for event_type in ["invoice.paid", "lead.created", "invoice.sent"] {
            ledger.published(event_type.parse().unwrap());
        }
        ledger.settled(&id, &Verdict::Ack, Settled::Done);
        ledger.settled(&id, &Verdict::Ack, Settled::LeaseLost);
        (ledger, id)
    }

    #[test]
    fn books_that_agree_with_what_was_seen_are_right() {
        let (ledger, id) = ledger();
        let books = Books { published: 2, acked: 1, ready: 1, ..Books::default() };
        assert_eq!(ledger.objection(&id, &books), None);
    }

    #[test]
    fn what_was_skipped_is_finished() {
        let (ledger, id) = ledger();
        ledger.settled(&id, &Verdict::Skip, Settled::Done);
        let books = Books { published: 2, acked: 2, ..Books::default() };
        assert_eq!(ledger.objection(&id, &books), None);
    }

    #[test]
    fn a_lost_event_and_an_invented_ack_are_objected_to() {
        let (ledger, id) = ledger();
        let lost = Books { published: 2, acked: 1, ..Books::default() };
        assert!(ledger.objection(&id, &lost).unwrap().contains("don't balance"));
        let invented = Books { published: 2, acked: 2, ..Books::default() };
        assert!(ledger.objection(&id, &invented).unwrap().contains("acked 1"));
        let forgotten = Books { published: 1, acked: 1, ..Books::default() };
        assert!(ledger.objection(&id, &forgotten).unwrap().contains("published 2"));
    }
}
