//! What all handles of a bus share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::running::RunningSet;
use crate::{
    config::BusConfig,
    envelope::Limits,
    error::{Error, ErrorKind, Result},
    ids::ServiceName,
    metrics::Meter,
    runtime::Slots,
    transport::{DynTransport, Transport},
};

/// How often the others are told what was counted, while anything is.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Core {
    pub(super) service: ServiceName,
    pub(super) config: BusConfig,
    pub(super) limits: Limits,
    pub(super) transport: Box<dyn DynTransport>,
    pub(super) slots: Slots,
    pub(super) meter: Meter,
    pub(super) running: RunningSet,
    /// Suspects of a crash run one at a time in the whole process.
    pub(super) suspect_gate: Arc<Semaphore>,
    flushing: AtomicBool,
    closed: CancellationToken,
}

impl Core {
    pub(super) fn new(config: BusConfig, transport: impl Transport) -> Result<Self> {
        Ok(Self {
            service: ServiceName::new(&config.service_name)?,
            limits: config.limits(),
            transport: Box::new(transport),
            slots: Slots::new(config.handlers),
            meter: Meter::default(),
            running: RunningSet::default(),
            suspect_gate: Arc::new(Semaphore::new(1)),
            flushing: AtomicBool::new(false),
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

    /// Begins to tell the others what is counted here, once; needs a runtime, so it is not done when the bus is made.
    pub(super) fn flush_in_background(core: &Arc<Self>) {
        if core.flushing.swap(true, Ordering::Relaxed) {
            return;
        }
        let core = Arc::clone(core);
        tokio::spawn(async move {
            let closed = core.closed.clone();
            closed.run_until_cancelled(core.flush_for_ever()).await;
        });
    }

    async fn flush_for_ever(&self) {
        loop {
            self.meter.counted.notified().await;
            tokio::time::sleep(FLUSH_EVERY).await;
            if let Err(error) = self.flush().await {
                tracing::debug!(%error, "counters could not be told; they are told later");
            }
        }
    }

    pub(super) async fn flush(&self) -> Result<()> {
        let deltas = self.meter.take();
        if deltas.is_empty() {
            return Ok(());
        }
        let told = self.transport.admin().add_counters(deltas.clone()).await;
        if told.is_err() {
            self.meter.put_back(deltas);
        }
        told
    }

    pub(super) async fn shutdown(&self) -> Result<()> {
        self.closed.cancel();
        let grace = self.config.shutdown_grace;
        // Each stops in a task of its own, so that dropping this future leaves none half stopped.
        let stopping: Vec<_> =
            self.running.close().into_iter().map(|running| tokio::spawn(running.stop(grace))).collect();
        join_all(stopping).await;
        self.flush().await
    }
}
