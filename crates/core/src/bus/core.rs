//! What all handles of a bus share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, Semaphore},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{gathering::Gathering, health::LastLook, running::RunningSet};
use crate::{
    broadcast::Listeners,
    checks::Checks,
    config::BusConfig,
    error::{Error, ErrorKind, Result},
    ids::{EventType, ServiceName, SubscriptionId, TenantId},
    metrics::{Meter, Tally},
    runtime::Slots,
    spans::Spans,
    transport::{DynTransport, Outgoing, Receipt, Transport},
};

/// How often the others are told what was counted, while anything is.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How long the last calls of a shutdown may take in all: with the grace period and the farewell of the subscriptions it
/// stays below what Kubernetes waits.
const LAST_CALLS: Duration = Duration::from_secs(2);

pub(super) struct Core {
    pub(super) service: ServiceName,
    pub(super) config: BusConfig,
    pub(super) checks: Arc<Checks>,
    pub(super) spans: Spans,
    pub(super) transport: Box<dyn DynTransport>,
    pub(super) slots: Slots,
    pub(super) meter: Meter,
    pub(super) running: RunningSet,
    pub(super) gathering: Gathering,
    pub(super) last_look: LastLook,
    pub(super) listeners: Listeners,
    /// Suspects of a crash run one at a time in all subscriptions of this bus.
    pub(super) suspect_gate: Arc<Semaphore>,
    flushing: AtomicBool,
    /// Held while the others are told what is counted here: who flushes waits for what is already on its way.
    telling: Mutex<()>,
    /// Subscriptions on their way out.
    stopping: Mutex<Vec<JoinHandle<()>>>,
    closed: CancellationToken,
}

impl Core {
    pub(super) fn new(config: BusConfig, transport: impl Transport) -> Result<Self> {
        Ok(Self {
            service: ServiceName::new(&config.service_name)?,
            checks: Arc::new(Checks::new(config.limits(), config.schema_check)),
            spans: Spans::new(transport.system()),
            transport: Box::new(transport),
            slots: Slots::new(config.handlers),
            meter: Meter::by_tenant(config.latency_tenants.iter().cloned(), config.metric_tenants.clone()),
            running: RunningSet::default(),
            gathering: Gathering::new(&config),
            last_look: LastLook::default(),
            listeners: Listeners::default(),
            suspect_gate: Arc::new(Semaphore::new(1)),
            flushing: AtomicBool::new(false),
            telling: Mutex::default(),
            stopping: Mutex::default(),
            closed: CancellationToken::new(),
            config,
        })
    }

    pub(super) fn closed() -> Error {
        Error::new(ErrorKind::Closed, "the bus is shut down: make a new one")
    }

    pub(super) fn expect_open(&self) -> Result<()> {
        if self.closed.is_cancelled() { Err(Self::closed()) } else { Ok(()) }
    }

    /// Stores a batch in one call of the transport, and counts what is new.
    pub(super) async fn store(core: &Arc<Self>, mut batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        for audited in batch.iter_mut().filter_map(|outgoing| outgoing.audit.as_mut()) {
            audited.service = Some(core.service.clone());
        }
        let named: Vec<(EventType, TenantId)> =
            batch.iter().map(|outgoing| (outgoing.event_type.clone(), outgoing.tenant.clone())).collect();
        let began = Instant::now();
        let answers = core.transport.publish(batch).await;
        let is_new = |answer: &Result<Receipt>| answer.as_ref().is_ok_and(|receipt| !receipt.duplicate);
        let each = answers.as_deref().unwrap_or_default();
        let stored = named.iter().zip(each).filter(|(_, answer)| is_new(answer));
        let stored: Vec<_> = stored.map(|((event_type, tenant), _)| (event_type, tenant)).collect();
        core.meter.publish_call(named.len(), began.elapsed(), &stored);
        core.meter.note(stored.iter().map(|(_, tenant)| (Some(*tenant), Tally::published())));
        let answers = answers?;
        Self::flush_in_background(core);
        Ok(answers)
    }

    pub(super) fn unanswered() -> Error {
        Error::new(ErrorKind::Internal, "the transport left an event without an answer")
    }

    /// Begins to tell the others what is counted here, once; needs a runtime, so it is not done when the bus is made.
    pub(super) fn flush_in_background(core: &Arc<Self>) {
        if core.flushing.swap(true, Ordering::Relaxed) {
            return;
        }
        let core = Arc::clone(core);
        tokio::spawn(async move { core.flush_until_closed().await });
    }

    async fn flush_until_closed(&self) {
        let is_due = async || {
            self.meter.counted.notified().await;
            tokio::time::sleep(FLUSH_EVERY).await;
        };
        // Only the waiting is cut short: what is half told might be told twice.
        while self.closed.run_until_cancelled(is_due()).await.is_some() {
            if let Err(error) = self.tell().await {
                tracing::debug!(%error, "counters could not be told; they are told later");
            }
        }
    }

    /// Tells the others what is counted here, in a task of its own: a caller that goes leaves nothing half told, for that
    /// would be told twice.
    ///
    /// # Cancel safety
    /// Cancel safe: it goes on.
    pub(super) async fn flush(self: &Arc<Self>) -> Result<()> {
        let core = Arc::clone(self);
        let broken_off = |cause| Error::new(ErrorKind::Closed, "the runtime was shut down").with_source(cause);
        tokio::spawn(async move { core.tell().await }).await.map_err(broken_off)?
    }

    async fn tell(&self) -> Result<()> {
        let _telling = self.telling.lock().await;
        let counted = self.tell_counters().await;
        let timed = self.tell_latencies().await;
        counted.and(timed)
    }

    async fn tell_counters(&self) -> Result<()> {
        let untold = self.meter.untold();
        if untold.deltas().is_empty() {
            return Ok(());
        }
        let answers = self.transport.admin().add_counters(untold.deltas().to_vec()).await;
        untold.told(answers)
    }

    async fn tell_latencies(&self) -> Result<()> {
        let untold = self.meter.untold_latencies();
        if untold.deltas().is_empty() {
            return Ok(());
        }
        let answers = self.transport.admin().add_latencies(untold.deltas().to_vec()).await;
        // What runs here and has not failed was not removed: where the store lost it, it is made anew.
        let is_gone = |id: &SubscriptionId| self.running.find(id).is_none_or(|running| running.failure().is_some());
        untold.told(answers, is_gone)
    }

    pub(super) async fn shutdown(self: &Arc<Self>) -> Result<()> {
        let grace = self.config.shutdown_grace;
        // Each stops in a task of its own, so that dropping this future leaves none half stopped.
        let subscriptions = self.running.close().into_iter().map(|running| tokio::spawn(running.stop(grace)));
        let listeners = self.listeners.close().into_iter().map(|listening| tokio::spawn(listening.stop(grace)));
        let begun: Vec<_> = subscriptions.chain(listeners).collect();
        // Whoever else shuts down meanwhile waits for the same tasks.
        let mut stopping = self.stopping.lock().await;
        stopping.extend(begun);
        while let Some(task) = stopping.last_mut() {
            let _stopped = task.await;
            stopping.pop();
        }
        // Handlers that were finishing may have published until now.
        self.closed.cancel();
        // Who still waits for room is refused; what has found room is stored, whether or not its publisher stays.
        self.gathering.room.close();
        let last = async {
            self.gathering.flushed().await;
            self.flush().await
        };
        tokio::time::timeout(LAST_CALLS, last).await.unwrap_or_else(|_| Err(not_in_time()))
    }
}

fn not_in_time() -> Error {
    let message = "the store did not answer the last calls in time: what was counted last may not be told, and it is unknown \
                   whether what was published last is stored";
    Error::new(ErrorKind::Unavailable, message)
}
