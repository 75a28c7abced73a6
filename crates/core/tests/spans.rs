//! What spans cost where nobody wants them: nothing is asked for, nothing is written.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use common::{bus, lead, until};
use tekup_core::{EventBus, Propagator, RawEvent, Subscription, TekupEvent, TraceContext};
use tracing::Span;

/// Counts how often anything is asked of it.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Propagator for Counting {
    fn context_of(&self, _: &Span) -> Option<TraceContext> {
        self.0.fetch_add(1, Relaxed);
        TraceContext::new(7, 1, 1)
    }

    fn link(&self, _: &Span, _: &TraceContext) {
        self.0.fetch_add(1, Relaxed);
    }

    fn adopt(&self, _: &Span, _: &TraceContext) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Publishes and handles three events, two of them in a batch. Answers what was handled.
async fn handled(bus: &EventBus) -> Vec<RawEvent> {
    let seen = common::Seen::new();
    let all = Subscription::matching("all", "*").handler_with(seen.clone(), async |seen, event: RawEvent, _| {
        seen.note(event);
    });
    bus.subscribe(all).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    bus.publish_batch([lead("l-2").event("acme"), lead("l-3").event("acme")]).await.unwrap();
    let events = seen.next_n(3).await;
    until("all are settled", async || Ok(bus.process_counters().handled == 3)).await;
    bus.shutdown().await.unwrap();
    events
}

/// One test alone in its process: whether a span is wanted is remembered for all threads.
#[tokio::test(start_paused = true)]
async fn contexts_are_asked_for_and_written_only_where_somebody_listens_and_passes_them_on() {
    for (listens, passes_on) in [(false, false), (false, true), (true, false), (true, true)] {
        let _guard = listens.then(|| tracing::subscriber::set_default(tracing_subscriber::registry()));
        let (bus, counting) = (bus(), Counting::default());
        if passes_on {
            bus.use_propagator(counting.clone()).unwrap();
        }
        let expected = TraceContext::new(7, 1, 1).filter(|_| listens && passes_on);
        for event in handled(&bus).await {
            assert_eq!(event.envelope().trace_context(), expected);
            assert_eq!(event.envelope().metadata.is_empty(), expected.is_none());
        }
        // A context of each event, and a link of the call to those of a batch; where they are handled, both of each.
        let asked = if expected.is_some() { (3 + 2) + 3 * 2 } else { 0 };
        assert_eq!(counting.0.load(Relaxed), asked, "listens: {listens}, passes on: {passes_on}");
    }
}
