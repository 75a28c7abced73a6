//! Verdicts leave in batches: at once while the pipe is idle, within a few milliseconds under load.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

use super::{Runtime, outage::Outage, told::Told};
use crate::{
    error::Error,
    metrics::{Attempted, Tally, Timed},
    sync::lock,
    transport::{Settled, Settlement, Verdict},
};

/// The most that leaves in one call.
const BATCH: usize = 1_024;
/// How long a batch that is not full waits for company while there is much to do, and how often.
const LINGER: Duration = Duration::from_millis(1);
const LINGERS: usize = 4;
/// So many in the last batch say that there is much to do, though nothing waits for a handler just now.
const MANY: usize = 64;

/// A verdict, and what is counted when it has taken effect.
pub(super) struct Ending {
    pub(super) settlement: Settlement,
    pub(super) tally: Tally,
    /// What it was, and how long it took, if it was read.
    pub(super) timed: Option<Timed>,
    /// The event, where a verdict that is ignored is told.
    pub(super) bytes: Option<Bytes>,
}

/// What the store said.
struct Answers {
    settled: Vec<Settled>,
    /// A call before may have taken effect without an answer: `LeaseLost` may then be said of what is ours.
    is_repeated: bool,
}

/// Verdicts on their way to the store.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    added: Notify,
    /// A batch has been answered.
    answered: Notify,
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: Vec<Ending>,
    /// How many were ever pushed, and how many of them were answered: they are in their order.
    pushed: u64,
    answered: u64,
}

impl Outbox {
    pub(super) fn push(&self, ending: Ending) {
        let mut state = lock(&self.state);
        state.waiting.push(ending);
        state.pushed += 1;
        drop(state);
        self.added.notify_one();
    }

    pub(super) fn push_all(&self, endings: Vec<Ending>) {
        if endings.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        state.pushed += endings.len() as u64;
        state.waiting.extend(endings);
        drop(state);
        self.added.notify_one();
    }

    /// Nothing comes any more: what waits is sent, then the settler ends.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.added.notify_one();
    }

    /// Waits until everything that was pushed before has been answered.
    pub(super) async fn flushed(&self) {
        let ticket = lock(&self.state).pushed;
        self.until(|state| state.answered >= ticket).await;
    }

    /// Waits until at most so many are not answered.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn at_most(&self, count: usize) {
        self.until(|state| state.unanswered() <= count).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let mut answered = std::pin::pin!(self.answered.notified());
            answered.as_mut().enable();
            if holds(&lock(&self.state)) {
                return;
            }
            answered.await;
        }
    }

    /// How many are not answered.
    pub(super) fn len(&self) -> usize {
        lock(&self.state).unanswered()
    }

    /// The next batch; `None` when closed and empty.
    async fn next(&self) -> Option<Vec<Ending>> {
        loop {
            if let Some(batch) = self.take() {
                return Some(batch);
            }
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            self.added.notified().await;
        }
    }

    fn take(&self) -> Option<Vec<Ending>> {
        let waiting = &mut lock(&self.state).waiting;
        if waiting.is_empty() {
            return None;
        }
        let rest = if waiting.len() > BATCH { waiting.split_off(BATCH) } else { Vec::new() };
        Some(std::mem::replace(waiting, rest))
    }

    fn sent(&self, count: usize) {
        lock(&self.state).answered += count as u64;
        self.answered.notify_waiters();
    }
}

impl State {
    fn unanswered(&self) -> usize {
        usize::try_from(self.pushed - self.answered).unwrap_or(usize::MAX)
    }
}

/// Settles until the outbox is closed and empty.
pub(super) async fn run(runtime: Arc<Runtime>) {
    let lingers = !runtime.bus.capabilities().paused_time;
    let mut outage = Outage::of("settle");
    let mut last = 0;
    loop {
        if lingers {
            runtime.gather(last).await;
        }
        let Some(batch) = runtime.outbox.next().await else { return };
        last = batch.len();
        runtime.settle(batch, &mut outage).await;
        runtime.outbox.sent(last);
    }
}

impl Runtime {
    /// While there is much to do, a batch that is not full waits a few moments for more.
    async fn gather(&self, last: usize) {
        for _ in 0..LINGERS {
            let busy = last >= MANY || self.ready.len() > 0;
            if !busy || self.outbox.len() >= BATCH || self.stopping.is_cancelled() {
                return;
            }
            tokio::time::sleep(LINGER).await;
        }
    }

    async fn settle(&self, batch: Vec<Ending>, outage: &mut Outage) {
        let (settlements, counts): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|ending| (ending.settlement, (ending.tally, ending.timed, ending.bytes))).unzip();
        self.settling.begin();
        let answers = self.send(&settlements, outage).await;
        self.count_lost(&settlements, answers.as_ref());
        // What was released was forgotten then, and may be held anew.
        let ended = settlements.iter().filter(|settlement| !matches!(settlement.verdict, Verdict::Release));
        self.held.remove(ended.map(|settlement| &settlement.held));
        self.settling.rest();
        let Some(Answers { settled: answers, .. }) = answers else { return };
        let settled = || settlements.iter().zip(&answers);
        let done = || settled().zip(&counts).filter(|((_, answer), _)| **answer == Settled::Done);
        let handled = done().filter(|(_, (tally, ..))| tally.counters().handled > 0);
        let timed =
            handled.filter_map(|((settlement, _), (_, timed, _))| Some((settlement.tenant.as_ref(), timed.as_ref()?)));
        self.bus.meter().time(&self.id, &timed.collect::<Vec<_>>());
        let ended =
            done().map(|((settlement, _), (tally, timed, _))| self.attempted(settlement, *tally, timed.as_ref()));
        self.bus.meter().ended(&self.id, &ended.filter(|it| !it.tally.is_empty()).collect::<Vec<_>>());
        self.bus.meter().note(done().map(|((settlement, _), (tally, ..))| (settlement.tenant.as_ref(), *tally)));
        let lost = settled().zip(&counts).filter(|((_, answer), _)| **answer == Settled::LeaseLost);
        lost.for_each(|((settlement, _), (.., bytes))| self.log_lost(settlement, bytes.as_ref()));
    }

    /// What was held until the store said that it is another's. What was released was no longer held, and what the keeper
    /// has found lost is counted.
    fn count_lost(&self, settlements: &[Settlement], answers: Option<&Answers>) {
        let Some(Answers { settled, .. }) = answers.filter(|answers| !answers.is_repeated) else { return };
        let lost = settlements.iter().zip(settled).filter(|(settlement, answer)| {
            **answer == Settled::LeaseLost && !matches!(settlement.verdict, Verdict::Release)
        });
        let count = self.held.remove(lost.map(|(settlement, _)| &settlement.held));
        if count > 0 {
            self.bus.meter().leases_lost(&self.id, count);
        }
    }

    fn attempted<'a>(&'a self, settlement: &'a Settlement, tally: Tally, timed: Option<&'a Timed>) -> Attempted<'a> {
        let read = timed.map(|timed| &timed.event_type);
        Attempted {
            event_type: read.or(self.only_type.as_ref()),
            tenant: settlement.tenant.as_ref(),
            tally,
            dead: Attempted::dead(&settlement.verdict),
            timed,
        }
    }

    /// Sends until the store answers; `None` if it refuses, and the leases decide.
    async fn send(&self, batch: &[Settlement], outage: &mut Outage) -> Option<Answers> {
        let mut is_repeated = false;
        loop {
            let began = Instant::now();
            let answers = self.source.settle(batch.to_vec()).await;
            self.bus.meter().settle_call(batch.len(), began.elapsed());
            match answers {
                Ok(settled) => {
                    outage.over(&self.id);
                    self.refusals.over();
                    return Some(Answers { settled, is_repeated });
                }
                Err(error) if error.is_retryable() => {
                    is_repeated = true;
                    self.settling.falter();
                    tokio::time::sleep(outage.failed(&self.id, &error)).await;
                }
                Err(error) => {
                    self.refused(batch.len(), &error);
                    return None;
                }
            }
        }
    }

    fn refused(&self, count: usize, error: &Error) {
        self.refusals.another();
        tracing::error!(
            subscription = %self.id, count, kind = %error.kind(), %error,
            "verdicts were refused; the events are handled again when their leases end"
        );
    }

    fn log_lost(&self, settlement: &Settlement, bytes: Option<&Bytes>) {
        // An ack that comes twice is no news; a failure that is overruled is.
        if !settlement.verdict.is_finished() {
            let tenant = settlement.tenant.as_ref().map(tracing::field::display);
            let Told { event_type, correlation } = bytes.map(Told::of).unwrap_or_default();
            tracing::info!(
                subscription = %self.id, event.id = %settlement.id, event.type = event_type, tenant, correlation,
                "the delivery belongs to another process by now, or was settled before; this verdict was ignored"
            );
        }
    }
}
