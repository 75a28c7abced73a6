//! One attempt: from a delivery to a verdict.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::Instant;

use super::{Runtime, settler::Ending, subjects::Subject, told::Told};
use crate::{
    envelope::Envelope,
    handler::{Context, Ended, Found, HandlerError, MakeContext, Outcome},
    metrics::{Tally, Timed},
    retry::Decision,
    spans::Processing,
    transport::{DeadReason, Delivery, Settlement, Verdict},
};

impl Runtime {
    /// Handles a delivery and hands its verdict to the settler.
    pub(super) async fn attempt(self: &Arc<Self>, seat: usize, delivery: Delivery) {
        // All of a user's code runs within: decoding, the filter, the handler, its drop, and its error's words.
        let started = Instant::now();
        let tried = AssertUnwindSafe(self.try_once(seat, &delivery, started)).catch_unwind().await;
        let ending = tried.unwrap_or_else(|panic| {
            self.end(seat, &delivery, Ended::Said(Outcome::panicked(&*panic)), started.elapsed())
        });
        // From here on the settler answers for it, so a stop that comes now does not release it.
        self.held.leave(seat);
        self.outbox.push(ending);
    }

    async fn try_once(self: &Arc<Self>, seat: usize, delivery: &Delivery, started: Instant) -> Ending {
        let deadline = started + self.settings.timeout;
        self.held.sit(seat, delivery.held, deadline);
        let ended = if self.wants(delivery) { self.run(seat, delivery, deadline).await } else { Ended::Filtered(None) };
        let took = started.elapsed();
        self.pace.note(took);
        self.end(seat, delivery, ended, took)
    }

    fn end(&self, seat: usize, delivery: &Delivery, ended: Ended, took: Duration) -> Ending {
        let (subject, unhandled) = (self.subjects.take(seat), self.unhandled(delivery, &ended, took));
        let ending = self.judge_within(subject.as_ref(), delivery, ended, took);
        Ending { timed: subject.map(|subject| subject.timed(took)).or(unhandled), ..ending }
    }

    /// What is said of an attempt belongs to its span.
    fn judge_within(&self, subject: Option<&Subject>, delivery: &Delivery, ended: Ended, took: Duration) -> Ending {
        let Some(Subject { span, .. }) = subject else { return self.judge(delivery, ended, took) };
        if let Ended::Said(Outcome::Failed(error)) = &ended {
            self.bus.spans().failed(span, error.error_type(), error);
        }
        span.in_scope(|| self.judge(delivery, ended, took))
    }

    /// What was not given to a handler, if it is known.
    pub(super) fn unhandled(&self, delivery: &Delivery, ended: &Ended, handling: Duration) -> Option<Timed> {
        let (event_type, published) = match ended {
            Ended::Filtered(subject) => subject.clone()?,
            // Few are unreadable, and many of these have an envelope all the same.
            Ended::Dead(..) => self.router.subject_of(delivery)?,
            Ended::Said(_) => return None,
        };
        Some(Timed { event_type, published, handling })
    }

    pub(super) fn wants(&self, delivery: &Delivery) -> bool {
        self.settings.is_for(delivery.tenant.as_ref())
    }

    async fn run(self: &Arc<Self>, seat: usize, delivery: &Delivery, deadline: Instant) -> Ended {
        let handling = self.router.run(delivery, self.context_of(seat, delivery, deadline));
        match tokio::time::timeout_at(deadline, handling).await {
            // A handler that blocked its thread may come back after its time: that is too late.
            Err(_) => Ended::Said(self.timed_out()),
            Ok(Ended::Said(_)) if Instant::now() > deadline => Ended::Said(self.timed_out()),
            Ok(ended) => ended,
        }
    }

    pub(super) fn timed_out(&self) -> Outcome {
        Outcome::retry(Found::timeout(format!("handler took longer than {:?}", self.settings.timeout)))
    }

    fn context_of(self: &Arc<Self>, seat: usize, delivery: &Delivery, deadline: Instant) -> MakeContext {
        let runtime = Arc::clone(self);
        let attempt = (delivery.failures + 1, delivery.first_failure);
        Box::new(move |envelope: Envelope| {
            let Processing { span, context } = runtime.bus.spans().process(&envelope, &runtime.id, attempt.0);
            runtime.subjects.note(seat, &envelope, &span);
            let (bus, origin) = (runtime.bus.clone(), Arc::clone(&runtime.origin));
            (Context::new(bus, envelope, origin, attempt, deadline, context), span)
        })
    }

    pub(super) fn judge(&self, delivery: &Delivery, ended: Ended, took: Duration) -> Ending {
        match ended {
            Ended::Filtered(_) => Self::ending(delivery, Verdict::Skip, Tally::filtered()),
            Ended::Said(Outcome::Done) => Self::ending(delivery, Verdict::Ack, Tally::handled(took)),
            Ended::Said(Outcome::Failed(error)) => self.judge_failure(delivery, &error),
            Ended::Dead(reason, error) => self.judge_dead(delivery, reason, error),
        }
    }

    fn judge_failure(&self, delivery: &Delivery, error: &HandlerError) -> Ending {
        let ending = self.fail(delivery, error);
        self.log_failure(delivery, &ending.settlement.verdict);
        ending
    }

    /// What follows from a failure by the retry policy.
    pub(super) fn fail(&self, delivery: &Delivery, error: &HandlerError) -> Ending {
        let failures = delivery.failures + 1;
        let text = error.to_string();
        let reason = match self.settings.retry.decide(failures, error.advice, fastrand::f64()) {
            Decision::RetryAfter(delay) => {
                return Self::ending(delivery, Verdict::Retry { delay, failures, error: text }, Tally::retried());
            }
            Decision::Exhausted => DeadReason::AttemptsExhausted,
            Decision::Rejected => DeadReason::Rejected,
        };
        Self::ending(delivery, Verdict::DeadLetter { reason, attempts: failures, error: text }, Tally::dead(true))
    }

    fn log_failure(&self, delivery: &Delivery, verdict: &Verdict) {
        match verdict {
            Verdict::Retry { delay, failures, error } => self.log_retry(delivery, *failures, *delay, error),
            Verdict::DeadLetter { reason, error, .. } => self.log_dead(delivery, *reason, error),
            _ => {}
        }
    }

    fn judge_dead(&self, delivery: &Delivery, reason: DeadReason, error: String) -> Ending {
        self.log_dead(delivery, reason, &error);
        let attempts = delivery.failures + 1;
        Self::ending(delivery, Verdict::DeadLetter { reason, attempts, error }, Tally::dead(true))
    }

    /// Gives up a delivery that no handler was given.
    pub(super) fn settle_dead(&self, delivery: &Delivery, verdict: Verdict) {
        self.log_failure(delivery, &verdict);
        self.outbox.push(Self::ending(delivery, verdict, Tally::dead(false)));
    }

    pub(super) fn ending(delivery: &Delivery, verdict: Verdict, tally: Tally) -> Ending {
        let (held, id, tenant) = (delivery.held, delivery.id, delivery.tenant.clone());
        let bytes = (!verdict.is_finished()).then(|| delivery.bytes.clone());
        Ending { settlement: Settlement { held, id, tenant, verdict }, tally, timed: None, bytes }
    }

    fn log_retry(&self, delivery: &Delivery, failures: u32, delay: Duration, error: &str) {
        let tenant = delivery.tenant.as_ref().map(tracing::field::display);
        let Told { event_type, correlation } = Told::of(&delivery.bytes);
        let allowed = self.settings.retry.attempts();
        tracing::warn!(
            subscription = %self.id, event.id = %delivery.id, event.type = event_type, tenant, correlation,
            attempt = failures, allowed, ?delay, error,
            "an attempt failed; another one follows"
        );
    }

    pub(super) fn log_dead(&self, delivery: &Delivery, reason: DeadReason, error: &str) {
        let tenant = delivery.tenant.as_ref().map(tracing::field::display);
        let Told { event_type, correlation } = Told::of(&delivery.bytes);
        let attempts = delivery.failures + 1;
        tracing::error!(
            subscription = %self.id, event.id = %delivery.id, event.type = event_type, tenant, correlation,
            attempts, %reason, error,
            "an event goes to the dead letters; list and replay them when the cause is mended"
        );
    }
}
