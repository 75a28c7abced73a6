//! One attempt with a batch: from deliveries to their verdicts.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::{Runtime, settler::Ending};
use crate::{
    error::{Error, ErrorKind},
    handler::{Attempts, BatchContext, BatchOutcome, Call, Ended, HandlerError, Outcome, Sifted},
    ids::EventType,
    metrics::Timed,
    spans::Processing,
    subscription::BatchSettings,
    timestamp::Timestamp,
    transport::{Delivery, Verdict},
};

/// Works with batches until the ready queue is closed. What waits for company stays in the queue, and is handed back
/// with it.
pub(super) async fn run(runtime: Arc<Runtime>, seat: usize, batch: BatchSettings) {
    while runtime.ready.some().await {
        if !batch.wait.is_zero() {
            let _full = tokio::time::timeout(batch.wait, runtime.ready.many(batch.most)).await;
        }
        // A turn first, then deliveries: what waits for a turn can still be handed back.
        let Some(turn) = runtime.stopping.run_until_cancelled(runtime.turn()).await else { return };
        let mut deliveries = runtime.ready.pop_up_to(batch.most);
        deliveries.retain(|delivery| !runtime.held.is_lost(&delivery.held));
        if !deliveries.is_empty() {
            runtime.attempt_batch(seat, deliveries).await;
        }
        drop(turn);
        // A handler that never waits must not keep its thread from those who read and settle.
        tokio::task::consume_budget().await;
    }
}

impl Runtime {
    /// Handles a batch and hands its verdicts to the settler: at once for what is not for the handler.
    pub(super) async fn attempt_batch(self: &Arc<Self>, seat: usize, batch: Vec<Delivery>) {
        let started = Instant::now();
        let deadline = started + self.settings.timeout;
        self.held.sit_all(seat, batch.iter().map(|delivery| delivery.held), deadline);
        let endings = match self.sift(batch) {
            Some(Sifted { given, subjects, contexts, call, .. }) => {
                let traced = self.bus.spans().process_all(&subjects, &contexts, &self.id);
                let endings = self.try_batch(&given, call, traced, started, deadline).await;
                timed(endings, subjects, started.elapsed())
            }
            None => Vec::new(),
        };
        // From here on the settler answers for them, so a stop that comes now does not release them.
        self.held.leave(seat);
        self.outbox.push_all(endings);
    }

    /// Ends what is not for the handler; answers what is.
    fn sift(&self, batch: Vec<Delivery>) -> Option<Sifted> {
        let (wanted, unwanted): (Vec<_>, Vec<_>) = batch.into_iter().partition(|delivery| self.wants(delivery));
        let mut sifted = self.router.sift(wanted, self.bus.spans())?;
        let unwanted = unwanted.into_iter().map(|delivery| (delivery, Ended::Filtered(None)));
        let others = unwanted.chain(sifted.ended.drain(..)).map(|(delivery, ended)| Ending {
            timed: self.unhandled(&delivery, &ended, Duration::ZERO),
            ..self.judge(&delivery, ended, Duration::ZERO)
        });
        self.outbox.push_all(others.collect());
        (!sifted.given.is_empty()).then_some(sifted)
    }

    async fn try_batch(
        self: &Arc<Self>,
        given: &[Delivery],
        call: Call,
        Processing { span, context }: Processing,
        started: Instant,
        deadline: Instant,
    ) -> Vec<Ending> {
        // All of a user's code runs within: the handler, its drop, and its error's words.
        let tried = async {
            let cx =
                BatchContext::new(self.bus.clone(), Arc::clone(&self.origin), attempts_of(given), deadline, context);
            let said = self.call(call, cx, deadline).await;
            let each = started.elapsed() / u32::try_from(given.len()).unwrap_or(u32::MAX);
            self.pace.note(each);
            self.judge_all_within(&span, given, said, each)
        };
        let tried = AssertUnwindSafe(tried.instrument(span.clone())).catch_unwind().await;
        tried.unwrap_or_else(|panic| {
            let said = BatchOutcome::All(Outcome::panicked(&*panic));
            span.in_scope(|| self.judge_all_within(&span, given, said, Duration::ZERO))
        })
    }

    /// What is said of the attempt belongs to its span; it has failed where it has for one of its events.
    fn judge_all_within(&self, span: &Span, given: &[Delivery], said: BatchOutcome, each: Duration) -> Vec<Ending> {
        let failure = match &said {
            BatchOutcome::All(outcome) => failure(outcome),
            BatchOutcome::Each(outcomes) => outcomes.iter().find_map(failure),
        };
        if let Some(error) = failure {
            self.bus.spans().failed(span, error.error_type(), error);
        }
        self.judge_batch(given, said, each)
    }

    async fn call(&self, call: Call, cx: BatchContext, deadline: Instant) -> BatchOutcome {
        match tokio::time::timeout_at(deadline, call(cx)).await {
            Ok(said) if Instant::now() <= deadline => said,
            // A handler that blocked its thread may come back after its time: that is too late.
            _ => BatchOutcome::All(self.timed_out()),
        }
    }

    fn judge_batch(&self, given: &[Delivery], said: BatchOutcome, each: Duration) -> Vec<Ending> {
        match said {
            BatchOutcome::Each(outcomes) if outcomes.len() == given.len() => {
                let pairs = given.iter().zip(outcomes);
                pairs.map(|(delivery, outcome)| self.judge(delivery, Ended::Said(outcome), each)).collect()
            }
            BatchOutcome::Each(outcomes) => self.fail_all(given, &miscounted(outcomes.len(), given.len())),
            BatchOutcome::All(Outcome::Failed(error)) => self.fail_all(given, &error),
            BatchOutcome::All(Outcome::Done) => {
                given.iter().map(|delivery| self.judge(delivery, Ended::Said(Outcome::Done), each)).collect()
            }
        }
    }

    /// One failure of many events: said once for those that come again, and for each that does not.
    fn fail_all(&self, given: &[Delivery], error: &HandlerError) -> Vec<Ending> {
        let endings: Vec<_> = given.iter().map(|delivery| self.fail(delivery, error)).collect();
        let mut again = 0_usize;
        for (delivery, ending) in given.iter().zip(&endings) {
            match &ending.settlement.verdict {
                Verdict::DeadLetter { reason, error, .. } => self.log_dead(delivery, *reason, error),
                _ => again += 1,
            }
        }
        if again > 0 {
            let (first, error) =
                (given.first().map(|delivery| tracing::field::display(delivery.id)), error.to_string());
            tracing::warn!(
                subscription = %self.id, events = given.len(), again, first, error,
                "an attempt with a batch failed; another one follows for its events"
            );
        }
        endings
    }
}

/// The type of each event, and when it was published.
type Subjects = Vec<(EventType, Timestamp)>;

/// Each event has taken its part of the time that all took.
fn timed(mut endings: Vec<Ending>, subjects: Subjects, all: Duration) -> Vec<Ending> {
    let handling = all / u32::try_from(endings.len()).unwrap_or(u32::MAX).max(1);
    for (ending, (event_type, published)) in endings.iter_mut().zip(subjects) {
        ending.timed = Some(Timed { event_type, published, handling });
    }
    endings
}

fn failure(outcome: &Outcome) -> Option<&HandlerError> {
    if let Outcome::Failed(error) = outcome { Some(error) } else { None }
}

/// Of the events that have failed before.
fn attempts_of(given: &[Delivery]) -> Attempts {
    let retried = given.iter().filter(|delivery| delivery.failures > 0);
    let attempt = |delivery: &Delivery| {
        let key = (delivery.tenant.clone()?, delivery.id);
        Some((key, (delivery.failures + 1, delivery.first_failure)))
    };
    retried.filter_map(attempt).collect()
}

fn miscounted(outcomes: usize, events: usize) -> HandlerError {
    let message =
        format!("batch handler returned {outcomes} outcomes for {events} events: return one for each, in their order");
    HandlerError::from(Error::new(ErrorKind::InvalidInput, message))
}
