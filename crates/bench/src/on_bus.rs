//! The bus, with its default settings.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tekup_core::{EventBus, Subscription, TekupEvent};
use tokio::{task::JoinSet, time::Instant};

use crate::sample::{InvoicePaid, parts};

const SERVICE: &str = "billing";
const NAME: &str = "ledger";
/// How long a drain may take before something is taken to be stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A bus on the server.
///
/// # Errors
/// Those of the bus.
pub async fn connect(url: &str) -> Result<EventBus> {
    Ok(tekup_redis_transport::connect(url, SERVICE).await?)
}

/// Registers the subscription, and leaves it: what is published now waits for it.
///
/// # Errors
/// Those of the bus.
pub async fn prepare(bus: &EventBus) -> Result<()> {
    bus.subscribe(subscription(|_: &InvoicePaid| ())).await?;
    Ok(bus.unsubscribe(NAME).await?)
}

/// Publishes everything, one batch of so many events after another.
///
/// # Errors
/// Those of the bus; if an event is not stored.
pub async fn publish(bus: &EventBus, load: Vec<(String, InvoicePaid)>, batch: usize) -> Result<()> {
    let mut load = load.into_iter().peekable();
    while load.peek().is_some() {
        let batch = load.by_ref().take(batch).map(|(tenant, data)| data.event(tenant).user("user-456"));
        for receipt in bus.publish_batch(batch).await? {
            ensure!(!receipt?.duplicate, "a new event was taken for a duplicate");
        }
    }
    Ok(())
}

/// Publishes everything from so many tasks, each of which awaits one event after another.
///
/// # Errors
/// Those of the bus; if an event is not stored.
pub async fn publish_at_once(bus: &EventBus, load: Vec<(String, InvoicePaid)>, tasks: usize) -> Result<()> {
    let mut publishing = JoinSet::new();
    for part in parts(load, tasks) {
        let bus = bus.clone();
        publishing.spawn(async move {
            for (tenant, data) in part {
                let receipt = bus.publish(data.event(tenant).user("user-456")).await?;
                ensure!(!receipt.duplicate, "a new event was taken for a duplicate");
            }
            anyhow::Ok(())
        });
    }
    publishing.join_all().await.into_iter().collect()
}

/// Subscribes, and returns when `events` are handled and their acknowledgements are answered.
///
/// # Errors
/// Those of the bus; if it takes longer than two minutes.
pub async fn drain(bus: &EventBus, events: usize, handle: impl Fn(&InvoicePaid) + Send + Sync + 'static) -> Result<()> {
    let before = bus.process_counters().handled;
    bus.subscribe(subscription(handle)).await?;
    let deadline = Instant::now() + PATIENCE;
    // A delivery is counted as handled when its acknowledgement is answered.
    while bus.process_counters().handled - before < events as u64 {
        ensure!(Instant::now() < deadline, "only {} of {events} were handled", bus.process_counters().handled - before);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Leaves the bus, after a look at the books: everything was handled, once.
///
/// # Errors
/// Those of the bus; if the books say otherwise.
pub async fn finish(bus: &EventBus, events: usize) -> Result<()> {
    let books = bus.books(format!("{SERVICE}/{NAME}")).await.context("the books")?;
    ensure!(books.acked == events as u64 && books.pending == 0 && books.balanced(), "the books: {books:?}");
    Ok(bus.shutdown().await?)
}

fn subscription(handle: impl Fn(&InvoicePaid) + Send + Sync + 'static) -> Subscription<tekup_core::Event<InvoicePaid>> {
    Subscription::to::<InvoicePaid>(NAME).handler_with(Arc::new(handle), async |handle, event, _| handle(&event.data))
}

/// A handler that does next to nothing, and tells how often it was called.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicUsize>);

impl Tally {
    /// Counts one event.
    pub fn count(&self, data: &InvoicePaid) {
        std::hint::black_box(data.amount);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were counted.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
