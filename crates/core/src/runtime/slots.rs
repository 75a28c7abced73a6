//! The handlers that a service may run at once, shared by its subscriptions.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::oneshot;

use crate::{policy::WeightedPick, priority::Priority, sync::lock};

/// Handler slots, given by weight to whoever waits; without a limit, to everybody.
#[derive(Clone, Default)]
pub(crate) struct Slots(Option<Arc<Mutex<State>>>);

struct State {
    free: usize,
    waiting: [VecDeque<oneshot::Sender<Slot>>; 4],
    pick: WeightedPick,
}

/// The right to run one handler, given back when dropped.
pub(super) struct Slot(Option<Arc<Mutex<State>>>);

impl Slots {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        let state = |free| State { free, waiting: Default::default(), pick: WeightedPick::default() };
        Self(limit.map(|free| Arc::new(Mutex::new(state(free)))))
    }

    /// # Cancel safety
    /// Cancel safe: a slot that nobody takes any more goes to the next.
    pub(super) async fn acquire(&self, share: Priority) -> Slot {
        let Some(state) = &self.0 else { return Slot(None) };
        let coming = {
            let mut state_now = lock(state);
            if state_now.free > 0 {
                state_now.free -= 1;
                return Slot(Some(Arc::clone(state)));
            }
            let (give, coming) = oneshot::channel();
            state_now.waiting[share.rank()].push_back(give);
            coming
        };
        // The sender lives in the state that we hold, so it can't vanish unsent.
        coming.await.unwrap_or(Slot(None))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(state) = self.0.take() else { return };
        loop {
            let next = {
                let mut now = lock(&state);
                let waits = [0, 1, 2, 3].map(|rank: usize| !now.waiting[rank].is_empty());
                let next = now.pick.next(waits).and_then(|share| now.waiting[share.rank()].pop_front());
                if next.is_none() {
                    now.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Self(Some(Arc::clone(&state)))) {
                Ok(()) => return,
                // Nobody is there any more: the slot comes back, and must not be given back twice.
                Err(mut slot) => slot.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn contended_slots_go_by_weight() {
        let slots = Slots::new(Some(1));
        let first = slots.acquire(Priority::Low).await;
        let (sent, mut got) = tokio::sync::mpsc::unbounded_channel();
        for share in [Priority::Low, Priority::High] {
            for _ in 0..20 {
                let (slots, sent) = (slots.clone(), sent.clone());
                tokio::spawn(async move {
                    let slot = slots.acquire(share).await;
                    sent.send(share).unwrap();
                    drop(slot);
                });
            }
        }
        tokio::task::yield_now().await;
        drop(first);
        let mut high = 0;
        for _ in 0..10 {
            high += usize::from(got.recv().await == Some(Priority::High));
        }
        assert_eq!(high, 8);
    }

    #[tokio::test]
    async fn a_slot_that_nobody_waits_for_any_more_is_not_lost() {
        let slots = Slots::new(Some(1));
        let first = slots.acquire(Priority::Low).await;
        let mut gone = Box::pin(slots.acquire(Priority::High));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        drop(first);
        slots.acquire(Priority::Low).await;
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        let slots = Slots::new(None);
        let _many: Vec<_> =
            (0..100).map(|_| futures_util::FutureExt::now_or_never(slots.acquire(Priority::Low)).unwrap()).collect();
    }
}
