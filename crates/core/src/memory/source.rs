use std::{
    fmt,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::{Notify, watch},
    task::consume_budget,
    time::{Instant, sleep_until},
};

use super::{
    Shared,
    turn::{Replica, Taken},
};
use crate::{
    error::{Error, ErrorKind, Result},
    ids::SubscriptionId,
    transport::{Delivery, DeliveryRef, Settled, Settlement, Source, SourceSpec, SubscriptionState},
};

/// What one replica of a subscription reads from. Dropping it closes it.
///
/// All its calls are cancel safe: what waits has taken nothing yet.
///
/// ```
/// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let transport = MemoryTransport::new();
/// let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
/// source.interrupt();
/// assert!(source.fetch(10).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct MemorySource {
    shared: Arc<Shared>,
    id: SubscriptionId,
    /// The subscription's number.
    number: u32,
    replica: Replica,
    bell: Arc<Notify>,
    state: watch::Receiver<SubscriptionState>,
    interrupted: AtomicBool,
    closed: AtomicBool,
}

impl MemorySource {
    pub(super) fn open(shared: Arc<Shared>, spec: SourceSpec) -> Result<Self> {
        let mut store = shared.lock();
        let (number, source) = store.open(&spec)?;
        let (bell, state) = (store.bell(number), store.state(number));
        drop(store);
        let replica = Replica {
            number: source,
            patterns: spec.patterns,
            tenants: spec.tenants,
            lease: spec.lease,
            retry_limit: spec.retry_limit,
            idempotency: spec.idempotency,
        };
        let (interrupted, closed) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { shared, id: spec.id, number, replica, bell, state, interrupted, closed })
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn take(&self, most: usize) -> Result<Taken> {
        let mut store = self.shared.lock();
        let mut taken = store.turn(self.number)?.take(most, &self.replica);
        taken.next_change = [taken.next_change, store.next_due()].into_iter().flatten().min();
        Ok(taken)
    }

    /// What it holds is left to its lease.
    fn leave(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.shared.lock().leave(self.number);
        self.bell.notify_waiters();
    }
}

impl Source for MemorySource {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        if self.is_closed() {
            let message = format!("subscription `{}` is closed here: open it again to read from it", self.id);
            return Err(Error::new(ErrorKind::Closed, message));
        }
        // A reader that always finds something must leave some of the thread to the handlers.
        consume_budget().await;
        loop {
            // From here on no ringing is missed, also none that comes between the look and the wait.
            let rung = self.bell.notified();
            if self.interrupted.swap(false, Ordering::AcqRel) || self.is_closed() || most == 0 {
                return Ok(Vec::new());
            }
            let taken = self.take(most)?;
            if !taken.deliveries.is_empty() {
                return Ok(taken.deliveries);
            }
            tokio::select! {
                () = rung => {}
                () = until(taken.next_change) => {}
            }
        }
    }

    fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        self.bell.notify_waiters();
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        if self.is_closed() {
            return Ok(None);
        }
        Ok(self.shared.lock().turn(self.number)?.start(&delivery, &self.replica))
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        let replica = (!self.is_closed()).then_some(&self.replica);
        let mut store = self.shared.lock();
        let mut turn = store.turn(self.number)?;
        Ok(batch.iter().map(|settlement| turn.settle(settlement, replica)).collect())
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        if self.is_closed() {
            return Ok(held);
        }
        Ok(self.shared.lock().turn(self.number)?.renew(held, &self.replica))
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.state.clone()
    }

    async fn close(&self) -> Result<()> {
        self.leave();
        Ok(())
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySource")
            .field("id", &self.id)
            .field("replica", &self.replica.number)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
