//! What this process holds, so that it can be renewed.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::Instant;

use crate::{
    sync::lock,
    transport::{Delivery, DeliveryRef},
};

/// Deliveries that belong to this process, started or not.
pub(super) struct Held {
    /// Each with the round of the keeper in which it came.
    known: Mutex<State>,
    /// What each handler works on, and until when. A seat is locked by its handler and, rarely, by the keeper.
    seats: Vec<Mutex<Option<Sitting>>>,
    /// Lost while waiting: not to be started any more.
    lost: Mutex<HashSet<DeliveryRef>>,
    any_lost: AtomicBool,
}

/// What a handler works on: one delivery, or those of a batch.
struct Sitting {
    first: DeliveryRef,
    others: Vec<DeliveryRef>,
    deadline: Instant,
}

#[derive(Default)]
struct State {
    round: u64,
    since: HashMap<DeliveryRef, u64>,
}

impl Held {
    pub(super) fn new(seats: usize) -> Self {
        let seats = (0..seats).map(|_| Mutex::default()).collect();
        Self { known: Mutex::default(), seats, lost: Mutex::default(), any_lost: AtomicBool::new(false) }
    }

    pub(super) fn add(&self, refs: impl IntoIterator<Item = DeliveryRef>) {
        let mut state = lock(&self.known);
        let round = state.round;
        state.since.extend(refs.into_iter().map(|held| (held, round)));
    }

    /// Adds a batch that was read; answers what of it is new. A process that stood still for longer than its lease is
    /// handed out what it holds itself: that goes on where it was, unless its handler's time has run out.
    pub(super) fn take_in(&self, mut batch: Vec<Delivery>, now: Instant) -> Vec<Delivery> {
        let overdue = self.overdue(now);
        let mut state = lock(&self.known);
        let round = state.round;
        batch.retain(|Delivery { held, .. }| state.since.insert(*held, round).is_none() || overdue.contains(held));
        batch
    }

    /// These are settled, or were never ours: lost or not, nobody asks for them any more. Answers how many were held.
    pub(super) fn remove<'a>(&self, refs: impl IntoIterator<Item = &'a DeliveryRef>) -> usize {
        let forget_lost = self.any_lost.load(Ordering::Acquire);
        let (mut state, mut count) = (lock(&self.known), 0);
        for held in refs {
            if state.since.remove(held).is_some() {
                count += 1;
            } else if forget_lost {
                lock(&self.lost).remove(held);
            }
        }
        count
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        lock(&self.known).since.len()
    }

    /// Takes a seat for a handler; gives it up by [`leave`](Self::leave).
    pub(super) fn sit(&self, seat: usize, held: DeliveryRef, deadline: Instant) {
        self.sit_with(seat, Sitting { first: held, others: Vec::new(), deadline });
    }

    /// Takes a seat for a handler of a batch.
    pub(super) fn sit_all(&self, seat: usize, mut held: impl Iterator<Item = DeliveryRef>, deadline: Instant) {
        if let Some(first) = held.next() {
            self.sit_with(seat, Sitting { first, others: held.collect(), deadline });
        }
    }

    fn sit_with(&self, seat: usize, sitting: Sitting) {
        if let Some(seat) = self.seats.get(seat) {
            *lock(seat) = Some(sitting);
        }
    }

    /// Answers how many deliveries were worked on.
    pub(super) fn leave(&self, seat: usize) -> usize {
        let left = self.seats.get(seat).and_then(|seat| lock(seat).take());
        left.map_or(0, |sitting| 1 + sitting.others.len())
    }

    pub(super) fn seats(&self) -> usize {
        self.seats.len()
    }

    /// What is to be renewed now: all that came before the last call, but no handler's whose time has run out.
    pub(super) fn due(&self, now: Instant) -> Vec<DeliveryRef> {
        self.next_round(now, |since, round| since < round)
    }

    /// As [`due`](Self::due), and what came since then.
    pub(super) fn all(&self, now: Instant) -> Vec<DeliveryRef> {
        self.next_round(now, |_, _| true)
    }

    fn next_round(&self, now: Instant, is_due: impl Fn(u64, u64) -> bool) -> Vec<DeliveryRef> {
        let overdue = self.overdue(now);
        let mut state = lock(&self.known);
        let round = state.round;
        state.round += 1;
        let due = state.since.iter().filter(|(held, since)| is_due(**since, round) && !overdue.contains(*held));
        due.map(|(held, _)| *held).collect()
    }

    /// What is worked on though its time has run out.
    fn overdue(&self, now: Instant) -> HashSet<DeliveryRef> {
        let mut overdue = HashSet::new();
        for seat in &self.seats {
            if let Some(late) = lock(seat).as_ref().filter(|sitting| sitting.deadline <= now) {
                overdue.insert(late.first);
                overdue.extend(&late.others);
            }
        }
        overdue
    }

    /// Another process has these now, as was found when they were last due. Answers how many were held until now.
    pub(super) fn lose(&self, refs: &[DeliveryRef]) -> usize {
        let mut state = lock(&self.known);
        let round = state.round;
        // What was settled meanwhile is not lost, nor what was released and has come again.
        let was_due = |held: &&DeliveryRef| state.since.get(held).is_some_and(|since| *since < round);
        let lost: Vec<_> = refs.iter().filter(was_due).copied().collect();
        lost.iter().for_each(|held| _ = state.since.remove(held));
        drop(state);
        let count = lost.len();
        if count > 0 {
            lock(&self.lost).extend(lost);
            self.any_lost.store(true, Ordering::Release);
        }
        count
    }

    /// Whether a delivery was lost while it waited; says so once.
    pub(super) fn is_lost(&self, held: &DeliveryRef) -> bool {
        if !self.any_lost.load(Ordering::Acquire) {
            return false;
        }
        let mut lost = lock(&self.lost);
        let was = lost.remove(held);
        self.any_lost.store(!lost.is_empty(), Ordering::Release);
        was
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ids::EventId, priority::Priority, transport::Start};

    fn held(entry: u64) -> DeliveryRef {
        DeliveryRef { lane: 0, epoch: 0, entry: (entry, 0), starts: 1 }
    }

    fn delivery(entry: u64) -> Delivery {
        Delivery {
            held: held(entry),
            start: Start::TakenOver,
            id: EventId::generate(),
            tenant: None,
            priority: Priority::Medium,
            bytes: bytes::Bytes::new(),
            failures: 0,
            first_failure: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_since_the_last_round_is_renewed_in_the_next_one() {
        let all = Held::new(1);
        let now = Instant::now();
        all.add([held(1)]);
        assert_eq!(all.due(now), []);
        all.add([held(2)]);
        assert_eq!(all.due(now), [held(1)]);
        assert_eq!((all.remove(&[held(1), held(7)]), all.remove(&[held(1)])), (1, 0));
        assert_eq!(all.due(now), [held(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_is_renewed_until_its_deadline_only() {
        let all = Held::new(1);
        let now = Instant::now();
        all.add([held(1)]);
        all.sit(0, held(1), now + Duration::from_secs(10));
        all.due(now);
        assert_eq!(all.due(now + Duration::from_secs(9)), [held(1)]);
        assert_eq!(all.due(now + Duration::from_secs(10)), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_renewed_until_its_deadline_only() {
        let all = Held::new(1);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(10));
        all.add([held(1), held(2)]);
        all.sit_all(0, [held(1), held(2)].into_iter(), later);
        all.due(now);
        assert_eq!((all.due(now).len(), all.due(later).len()), (2, 0));
        assert_eq!((all.leave(0), all.leave(0)), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_already_is_not_taken_in_again_unless_its_handlers_time_is_over() {
        let all = Held::new(1);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(10));
        let taken_in = |now| all.take_in(vec![delivery(1), delivery(2)], now).len();
        all.add([held(1)]);
        all.sit(0, held(1), later);
        assert_eq!((taken_in(now), taken_in(now)), (1, 0));
        assert_eq!(taken_in(later), 1);
        all.remove(&[held(2)]);
        assert_eq!(taken_in(now), 1);
    }

    #[test]
    fn what_was_released_and_came_again_is_not_lost_by_an_answer_about_before() {
        let all = Held::new(1);
        all.add([held(1)]);
        all.due(Instant::now());
        all.remove(&[held(1)]);
        all.add([held(1)]);
        all.lose(&[held(1)]);
        assert!(!all.is_lost(&held(1)));
        assert_eq!(all.due(Instant::now()), []);
        assert_eq!(all.due(Instant::now()), [held(1)]);
    }

    #[test]
    fn what_is_lost_while_waiting_is_said_once_and_what_was_settled_is_not_lost() {
        let all = Held::new(1);
        all.add([held(1)]);
        all.due(Instant::now());
        assert_eq!((all.lose(&[held(1), held(2)]), all.lose(&[held(1)])), (1, 0));
        assert!(all.is_lost(&held(1)));
        assert!(!all.is_lost(&held(1)) && !all.is_lost(&held(2)));
    }
}
