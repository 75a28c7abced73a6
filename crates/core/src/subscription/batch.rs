use std::{future::Future, sync::Arc, time::Duration};

use super::{BatchSettings, Subscription};
use crate::handler::{BatchContext, Incoming, IntoBatchOutcome};

impl<E: Incoming> Subscription<E> {
    /// What is done with up to `most` events in one call, 1 to 1,000: an async closure that is given a `Vec` of them. It
    /// takes all events of the subscription, so it is the only handler.
    ///
    /// A batch takes what waits: one event that comes alone is handled alone, at once, unless
    /// [`wait`](Subscription::wait) says otherwise. Its events may be of several tenants, and are in the order in which
    /// they were handed out, so higher priorities first by weight. What the filter leaves out, or can't be decoded, never
    /// reaches it. An event that may have taken down another process comes alone.
    ///
    /// Returned is what shall happen: `()`, an [`Outcome`](crate::Outcome) or a
    /// [`HandlerResult`](crate::HandlerResult) for all events alike; a `Vec<Outcome>` with one for each, in their order;
    /// see [`IntoBatchOutcome`]. Retries, attempts and dead letters are each event's own. The
    /// [`timeout`](Subscription::timeout) is for the call: after it, or after a panic, the attempt of every event has
    /// failed.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Outcome, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// let all_alike = Subscription::to::<InvoicePaid>("ledger").batch_handler(500, async |invoices, _| {
    ///     println!("one INSERT with {} rows", invoices.len());
    ///     Ok(())
    /// });
    ///
    /// let one_by_one = Subscription::to::<InvoicePaid>("checks").batch_handler(500, async |invoices, _| {
    ///     let check = |amount| if amount < 0.0 { Outcome::dead_letter("a negative invoice") } else { Outcome::Done };
    ///     invoices.iter().map(|invoice| check(invoice.data.amount)).collect::<Vec<_>>()
    /// });
    /// # drop((all_alike, one_by_one));
    /// ```
    pub fn batch_handler<F, Fut, R>(mut self, most: usize, handler: F) -> Self
    where
        F: Fn(Vec<E>, BatchContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoBatchOutcome,
    {
        self.problems.check(self.batch.is_none(), || "subscription has two batch handlers: keep one".into());
        self.wishes.batch = Some(BatchSettings { most, wait: Duration::ZERO });
        self.batch = Some(Arc::new(move |events, cx| {
            let running = handler(events, cx);
            Box::pin(async move { running.await.into_batch_outcome() })
        }));
        self
    }

    /// A batch handler with state, which is cloned for each call: a pool, a client, an `Arc` of anything.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::sync::Arc;
    /// use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoicePaid { amount: f64 }
    /// struct Ledger;
    ///
    /// let subscription = Subscription::to::<InvoicePaid>("ledger")
    ///     .batch_handler_with(500, Arc::new(Ledger), async |ledger, invoices, _| drop((ledger, invoices)));
    /// # drop(subscription);
    /// ```
    pub fn batch_handler_with<S, F, Fut, R>(self, most: usize, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: Fn(S, Vec<E>, BatchContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoBatchOutcome,
    {
        self.batch_handler(most, move |events, cx| handler(state.clone(), events, cx))
    }

    /// How long a batch that is not full waits for company, at most 1 min; default: not at all. The first of its events
    /// is delayed by no more than this.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("audit", "*")
    ///     .batch_handler(500, async |events: Vec<RawEvent>, _| println!("{} events", events.len()))
    ///     .wait(Duration::from_millis(20));
    /// # drop(subscription);
    /// ```
    pub fn wait(mut self, company: Duration) -> Self {
        self.wishes.wait = Some(company);
        self
    }
}
