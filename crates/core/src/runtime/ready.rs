//! Deliveries that wait for a handler.

use std::{collections::VecDeque, sync::Mutex};

use tokio::sync::Notify;

use crate::{policy::WeightedPick, sync::lock, transport::Delivery};

/// Deliveries that wait for a handler, handed out by weight, in order within a priority; none while it is on hold.
#[derive(Default)]
pub(super) struct Ready {
    state: Mutex<State>,
    /// Something was added, or the queue was closed.
    filled: Notify,
    /// So few are left that whoever waits for that is to be woken.
    drained: Notify,
}

#[derive(Default)]
struct State {
    waiting: [VecDeque<Delivery>; 4],
    count: usize,
    /// At how many left the reader wants to be woken, if it waits: a wake at every delivery would cost more than it.
    wake_at: Option<usize>,
    pick: WeightedPick,
    on_hold: bool,
    closed: bool,
}

impl State {
    fn pop(&mut self) -> Option<Delivery> {
        let waits = [0, 1, 2, 3].map(|rank: usize| !self.waiting[rank].is_empty());
        let priority = self.pick.next(waits)?;
        self.count -= 1;
        self.waiting[priority.rank()].pop_front()
    }

    fn take_all(&mut self) -> Vec<Delivery> {
        self.count = 0;
        self.waiting.iter_mut().flat_map(std::mem::take).collect()
    }
}

impl Ready {
    /// Answers what it does not take: all of it, while it is on hold.
    pub(super) fn push(&self, batch: impl IntoIterator<Item = Delivery>) -> Vec<Delivery> {
        let mut state = lock(&self.state);
        if state.on_hold {
            return batch.into_iter().collect();
        }
        for delivery in batch {
            state.waiting[delivery.priority.rank()].push_back(delivery);
            state.count += 1;
        }
        drop(state);
        self.filled.notify_waiters();
        Vec::new()
    }

    /// Nothing is handed out until it [goes on](Self::go_on); what was waiting is returned. `None` if it was on hold
    /// before.
    pub(super) fn hold(&self) -> Option<Vec<Delivery>> {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.on_hold, true) {
            return None;
        }
        let unstarted = state.take_all();
        drop(state);
        // Whoever waits for company waits in vain.
        self.filled.notify_waiters();
        self.drained.notify_one();
        Some(unstarted)
    }

    pub(super) fn is_on_hold(&self) -> bool {
        lock(&self.state).on_hold
    }

    /// Answers whether it was on hold.
    pub(super) fn go_on(&self) -> bool {
        std::mem::take(&mut lock(&self.state).on_hold)
    }

    /// Waits until something waits; `false` once the queue is closed.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn some(&self) -> bool {
        loop {
            if let Some(open) = self.is_decided() {
                return open;
            }
            let mut filled = std::pin::pin!(self.filled.notified());
            filled.as_mut().enable();
            if let Some(open) = self.is_decided() {
                return open;
            }
            filled.await;
        }
    }

    /// Whether the queue is open, unless it is open and empty.
    fn is_decided(&self) -> Option<bool> {
        let state = lock(&self.state);
        (state.closed || state.count > 0).then_some(!state.closed)
    }

    /// The next delivery, if one waits and the queue is open.
    pub(super) fn pop(&self) -> Option<Delivery> {
        let mut state = lock(&self.state);
        let popped = state.pop()?;
        let left = state.count;
        let wakes = state.wake_at.take_if(|wake_at| left <= *wake_at).is_some();
        drop(state);
        if wakes {
            self.drained.notify_one();
        }
        Some(popped)
    }

    /// The next deliveries, as many as wait, but not more than so many.
    pub(super) fn pop_up_to(&self, most: usize) -> Vec<Delivery> {
        let mut state = lock(&self.state);
        let mut popped = Vec::with_capacity(most.min(state.count));
        popped.extend(std::iter::from_fn(|| state.pop()).take(most));
        let left = state.count;
        let wakes = state.wake_at.take_if(|wake_at| left <= *wake_at).is_some();
        drop(state);
        if wakes {
            self.drained.notify_one();
        }
        popped
    }

    /// Waits until so many wait, or none does any more: another handler took them, or the queue is closed.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn many(&self, count: usize) {
        loop {
            let mut filled = std::pin::pin!(self.filled.notified());
            filled.as_mut().enable();
            let waiting = self.len();
            if waiting == 0 || waiting >= count {
                return;
            }
            filled.await;
        }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.state).count
    }

    /// Waits until at most so many are left.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn at_most(&self, count: usize) {
        while self.is_above(count) {
            self.drained.notified().await;
        }
    }

    /// Whether more are left; if so, asks to be woken when they are not.
    fn is_above(&self, count: usize) -> bool {
        let mut state = lock(&self.state);
        let above = state.count > count;
        state.wake_at = above.then_some(count);
        above
    }

    /// Nothing is handed out any more; what was waiting is returned.
    pub(super) fn close(&self) -> Vec<Delivery> {
        let mut state = lock(&self.state);
        state.closed = true;
        let left = state.take_all();
        drop(state);
        self.filled.notify_waiters();
        self.drained.notify_one();
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::EventId,
        priority::Priority,
        transport::{DeliveryRef, Start},
    };

    fn delivery(entry: u64, priority: Priority) -> Delivery {
        Delivery {
            held: DeliveryRef { lane: priority.rank() as u32, epoch: 0, entry: (entry, 0), starts: 1 },
            start: Start::Fresh,
            id: EventId::generate(),
            tenant: None,
            priority,
            bytes: bytes::Bytes::new(),
            failures: 0,
            first_failure: None,
        }
    }

    #[tokio::test]
    async fn higher_priorities_come_first_by_weight_and_in_order() {
        let ready = Ready::default();
        ready.push((0..30).flat_map(|entry| Priority::ALL.map(|priority| delivery(entry, priority))));
        let taken: Vec<_> = (0..15).filter_map(|_| ready.pop()).collect();
        let of =
            |priority| taken.iter().filter(|it| it.priority == priority).map(|it| it.held.entry.0).collect::<Vec<_>>();
        assert_eq!(Priority::ALL.map(|priority| of(priority).len()), [8, 4, 2, 1]);
        assert_eq!(of(Priority::High), [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn whoever_waits_for_few_to_be_left_is_woken_then_and_not_before() {
        let ready = Ready::default();
        ready.push((0..10).map(|entry| delivery(entry, Priority::Low)));
        let mut few = Box::pin(ready.at_most(8));
        assert!(futures_util::poll!(&mut few).is_pending());
        ready.pop();
        assert!(futures_util::poll!(&mut few).is_pending());
        ready.pop();
        assert!(futures_util::poll!(&mut few).is_ready());
    }

    #[tokio::test]
    async fn a_batch_takes_what_waits_by_weight_and_wakes_the_reader() {
        let ready = Ready::default();
        ready.push((0..30).flat_map(|entry| Priority::ALL.map(|priority| delivery(entry, priority))));
        let mut few = Box::pin(ready.at_most(75));
        assert!(futures_util::poll!(&mut few).is_pending());
        let batch = ready.pop_up_to(45);
        assert!(futures_util::poll!(&mut few).is_ready());
        let of = |priority| batch.iter().filter(|it| it.priority == priority).count();
        assert_eq!(Priority::ALL.map(of), [24, 12, 6, 3]);
        assert_eq!((ready.pop_up_to(1_000).len(), ready.pop_up_to(1_000).len()), (75, 0));
    }

    #[tokio::test]
    async fn whoever_waits_for_many_is_woken_by_the_last_of_them() {
        let ready = Ready::default();
        ready.push([delivery(1, Priority::Low)]);
        let mut many = Box::pin(ready.many(2));
        assert!(futures_util::poll!(&mut many).is_pending());
        ready.push([delivery(2, Priority::Low)]);
        assert!(futures_util::poll!(&mut many).is_ready());
    }

    #[tokio::test]
    async fn a_queue_on_hold_gives_back_what_it_has_and_takes_nothing_until_it_goes_on() {
        let ready = Ready::default();
        ready.push((0..3).map(|entry| delivery(entry, Priority::Low)));
        assert_eq!(ready.hold().map(|unstarted| unstarted.len()), Some(3));
        assert!(ready.hold().is_none() && ready.is_on_hold());
        assert_eq!(ready.push([delivery(4, Priority::Low)]).len(), 1);
        assert!(ready.pop().is_none());
        assert!(ready.go_on() && !ready.go_on());
        assert_eq!(ready.push([delivery(4, Priority::Low)]).len(), 0);
        assert!(ready.pop().is_some());
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_a_delivery_and_by_closing() {
        let ready = std::sync::Arc::new(Ready::default());
        let waiting = |ready: &std::sync::Arc<Ready>| {
            let ready = std::sync::Arc::clone(ready);
            tokio::spawn(async move { ready.some().await })
        };
        let first = waiting(&ready);
        tokio::task::yield_now().await;
        ready.push([delivery(1, Priority::Low)]);
        assert!(first.await.unwrap());
        assert!(ready.pop().is_some());
        let second = waiting(&ready);
        tokio::task::yield_now().await;
        ready.push([delivery(2, Priority::Low)]);
        assert_eq!(ready.close().len(), 1);
        assert!(!second.await.unwrap() || ready.pop().is_none());
        assert!(!ready.some().await);
    }
}
