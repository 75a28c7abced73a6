//! A transport of which parts fail.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use tekup_core::{
    Error, ErrorKind,
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{
        Capabilities, Delivery, DeliveryRef, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec,
        SubscriptionState, Transport,
    },
};
use tokio::sync::watch;

/// The transport in memory, of which verdicts and renewals may fail, or never be answered.
#[derive(Clone, Default)]
pub struct Ailing {
    pub memory: MemoryTransport,
    pub is_away: Arc<AtomicBool>,
    pub hangs: Arc<AtomicBool>,
    /// Says that all was renewed, and renews nothing.
    pub forgets: Arc<AtomicBool>,
    /// Reads one batch only: what it holds itself would be handed out to it again.
    pub reads_once: Arc<AtomicBool>,
    pub has_read: Arc<AtomicBool>,
}

pub struct AilingSource(MemorySource, Ailing);

impl Ailing {
    async fn answer(&self) -> tekup_core::Result<()> {
        if self.hangs.load(Relaxed) {
            std::future::pending::<()>().await;
        }
        let away = || Err(Error::new(ErrorKind::Unavailable, "no route"));
        if self.is_away.load(Relaxed) { away() } else { Ok(()) }
    }
}

impl Transport for Ailing {
    type Source = AilingSource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> tekup_core::Result<Vec<tekup_core::Result<Receipt>>> {
        self.memory.publish(batch).await
    }

    async fn open(&self, spec: SourceSpec) -> tekup_core::Result<AilingSource> {
        Ok(AilingSource(self.memory.open(spec).await?, self.clone()))
    }

    fn admin(&self) -> MemoryAdmin {
        self.memory.admin()
    }

    fn reconnects(&self) -> u64 {
        3
    }
}

impl Source for AilingSource {
    async fn fetch(&self, most: usize) -> tekup_core::Result<Vec<Delivery>> {
        if self.1.has_read.load(Relaxed) {
            std::future::pending::<()>().await;
        }
        let batch = self.0.fetch(most).await?;
        self.1.has_read.store(self.1.reads_once.load(Relaxed), Relaxed);
        Ok(batch)
    }

    fn interrupt(&self) {
        self.0.interrupt();
    }

    async fn start(&self, delivery: DeliveryRef) -> tekup_core::Result<Option<Delivery>> {
        self.0.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> tekup_core::Result<Vec<Settled>> {
        self.1.answer().await?;
        self.0.settle(batch).await
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> tekup_core::Result<Vec<DeliveryRef>> {
        self.1.answer().await?;
        // Others have taken them over.
        Ok(if self.1.forgets.load(Relaxed) { Vec::new() } else { held })
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.0.state()
    }

    async fn close(&self) -> tekup_core::Result<()> {
        self.0.close().await
    }
}
