use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::{
    bus::EventBus,
    envelope::Envelope,
    error::Error,
    handler::{Context, Ended, Found, MakeContext, Origin, Outcome, Router},
    ids::{EventType, SubscriptionId},
    metrics::{Attempted, Tally, Timed},
    runtime::Outage,
    spans::Processing,
    subscription::Settings,
    timestamp::Timestamp,
    transport::{Delivery, Follower},
};

/// How many events are read at once.
const BATCH: usize = 256;

/// What is kept of an event that is given away to its handler.
#[derive(Default)]
struct Subject {
    /// Its type, and when it was published.
    read: OnceLock<(EventType, Timestamp)>,
    /// Of the attempt.
    span: OnceLock<Span>,
}

/// A listener at work: it reads, and calls its handler, one batch after another.
pub(crate) struct Listener {
    bus: EventBus,
    settings: Settings,
    router: Router,
    origin: Arc<Origin>,
    missed: AtomicU64,
}

impl Listener {
    pub(crate) fn new(bus: EventBus, settings: Settings, router: Router) -> Self {
        let subscription = SubscriptionId::new(bus.service().clone(), settings.name.clone());
        bus.meter().expect(settings.types());
        let origin = Origin { subscription, attempts_allowed: 1, stopping: CancellationToken::new() };
        Self { bus, settings, router, origin: Arc::new(origin), missed: AtomicU64::new(0) }
    }

    pub(crate) fn id(&self) -> &SubscriptionId {
        &self.origin.subscription
    }

    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }

    pub(super) fn stop(&self) {
        self.origin.stopping.cancel();
    }

    pub(super) async fn run(self: Arc<Self>, mut follower: Box<dyn Follower>) {
        let mut outage = Outage::of("follow");
        while let Some(read) = self.origin.stopping.run_until_cancelled(follower.next(BATCH)).await {
            match read {
                Ok(followed) => {
                    outage.over(self.id());
                    self.miss(followed.missed);
                    self.handle_all(followed.deliveries).await;
                }
                Err(error) if error.is_retryable() => {
                    let wait = outage.failed(self.id(), &error);
                    let _stopped = tokio::time::timeout(wait, self.origin.stopping.cancelled()).await;
                }
                Err(error) => return self.give_up(&error),
            }
        }
    }

    fn give_up(&self, error: &Error) {
        tracing::error!(broadcast = %self.id(), kind = %error.kind(), %error, "the broadcast is not listened to any more");
    }

    /// Says the first time that events were missed, and counts them each time.
    fn miss(&self, missed: u64) {
        if missed > 0 && self.missed.fetch_add(missed, Relaxed) == 0 {
            tracing::warn!(
                broadcast = %self.id(), missed,
                "events went by before they could be read; reload what they were about (said once, counted always)"
            );
        }
    }

    async fn handle_all(&self, deliveries: Vec<Delivery>) {
        let all = stream::iter(deliveries);
        all.for_each_concurrent(self.settings.concurrency, |delivery| self.handle(delivery)).await;
    }

    async fn handle(&self, delivery: Delivery) {
        if self.origin.stopping.is_cancelled() {
            return;
        }
        // All of a user's code runs within: decoding, the filter, the handler, its drop, and its error's words.
        let (started, subject) = (Instant::now(), Arc::default());
        let tried = AssertUnwindSafe(self.try_once(&delivery, started, &subject)).catch_unwind().await;
        let tally = tried.unwrap_or_else(|panic| self.fail(&delivery, &Outcome::panicked(&*panic), &subject));
        self.count(&delivery, tally, &subject, started);
    }

    fn count(&self, delivery: &Delivery, tally: Tally, subject: &Subject, started: Instant) {
        let read = subject.read.get().cloned();
        let timed = read.map(|(event_type, published)| Timed { event_type, published, handling: started.elapsed() });
        let (tenant, event_type) = (delivery.tenant.as_ref(), timed.as_ref().map(|timed| &timed.event_type));
        let attempted = Attempted { event_type, tenant, tally, dead: None, timed: timed.as_ref() };
        self.bus.meter().ended(self.id(), &[attempted]);
        self.bus.meter().note([(tenant, tally)]);
    }

    async fn try_once(&self, delivery: &Delivery, started: Instant, subject: &Arc<Subject>) -> Tally {
        let deadline = started + self.settings.timeout;
        if !self.settings.is_for(delivery.tenant.as_ref()) {
            return Tally::filtered();
        }
        let handling = self.router.run(delivery, self.context_of(deadline, Arc::clone(subject)));
        match tokio::time::timeout_at(deadline, handling).await {
            Ok(Ended::Said(Outcome::Done)) => Tally::handled(started.elapsed()),
            Ok(Ended::Filtered(read)) => {
                _ = read.map(|read| subject.read.set(read));
                Tally::filtered()
            }
            Ok(Ended::Said(outcome)) => self.fail(delivery, &outcome, subject),
            Ok(Ended::Dead(_, error)) => self.fail(delivery, &Outcome::retry(error), subject),
            Err(_) => {
                let late = Found::timeout(format!("handler took longer than {:?}", self.settings.timeout));
                self.fail(delivery, &Outcome::retry(late), subject)
            }
        }
    }

    fn fail(&self, delivery: &Delivery, outcome: &Outcome, subject: &Subject) -> Tally {
        let Outcome::Failed(error) = outcome else { return Tally::failed() };
        let span = subject.span.get().cloned().unwrap_or_else(Span::none);
        self.bus.spans().failed(&span, error.error_type(), error);
        let _within = span.enter();
        let tenant = delivery.tenant.as_ref().map(tracing::field::display);
        tracing::warn!(
            broadcast = %self.id(), event.id = %delivery.id, tenant, error = error.to_string(),
            "a handler of a broadcast failed; it is not called again for this event"
        );
        Tally::failed()
    }

    fn context_of(&self, deadline: Instant, subject: Arc<Subject>) -> MakeContext {
        let (bus, origin) = (self.bus.clone(), Arc::clone(&self.origin));
        Box::new(move |envelope: Envelope| {
            // It is given one event.
            _ = subject.read.set((envelope.event_type.clone(), envelope.timestamp));
            let Processing { span, context } = bus.spans().process(&envelope, &origin.subscription, 1);
            let span = subject.span.get_or_init(|| span).clone();
            (Context::new(bus, envelope, origin, (1, None), deadline, context), span)
        })
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("id", self.id()).field("missed", &self.missed()).finish_non_exhaustive()
    }
}
