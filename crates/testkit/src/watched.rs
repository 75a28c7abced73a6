use std::sync::Arc;

use tekup_core::{
    Result, SubscriptionId, TenantId,
    health::{Part, Vital},
    transport::{
        Capabilities, Delivery, DeliveryRef, FollowSpec, Follower, Losses, Outgoing, Receipt, Settled, Settlement,
        Source, SourceSpec, SubscriptionState, Transport,
    },
};
use tokio::sync::watch;

/// Who hears of what happens on a transport.
pub(crate) trait Watcher: Send + Sync + 'static {
    /// An event was stored, and is no duplicate.
    fn published(&self, event: Outgoing);

    /// A subscription was opened.
    fn opened(&self, _: &SourceSpec) {}

    /// The transport has answered a verdict.
    fn settled(&self, subscription: &SubscriptionId, settlement: Settlement, answer: Settled);
}

/// A transport as it is, watched.
pub(crate) struct Watched<T, W> {
    pub(crate) transport: Arc<T>,
    pub(crate) watcher: Arc<W>,
}

impl<T: Transport, W: Watcher> Transport for Watched<T, W> {
    type Source = WatchedSource<T::Source, W>;
    type Admin = T::Admin;

    fn capabilities(&self) -> Capabilities {
        self.transport.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        let answers = self.transport.publish(batch.clone()).await?;
        for (event, answer) in batch.into_iter().zip(&answers) {
            if answer.as_ref().is_ok_and(|receipt| !receipt.duplicate) {
                self.watcher.published(event);
            }
        }
        Ok(answers)
    }

    async fn open(&self, spec: SourceSpec) -> Result<Self::Source> {
        let source = self.transport.open(spec.clone()).await?;
        self.watcher.opened(&spec);
        Ok(WatchedSource { source, id: spec.id, watcher: Arc::clone(&self.watcher) })
    }

    async fn follow(&self, spec: FollowSpec) -> Result<Box<dyn Follower>> {
        self.transport.follow(spec).await
    }

    fn admin(&self) -> T::Admin {
        self.transport.admin()
    }

    fn partition_of(&self, tenant: &TenantId) -> usize {
        self.transport.partition_of(tenant)
    }

    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        self.transport.renewal_runtime()
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        self.transport.vitals()
    }
}

pub(crate) struct WatchedSource<S, W> {
    source: S,
    id: SubscriptionId,
    watcher: Arc<W>,
}

impl<S: Source, W: Watcher> Source for WatchedSource<S, W> {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        self.source.fetch(most).await
    }

    fn interrupt(&self) {
        self.source.interrupt();
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        self.source.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        let answers = self.source.settle(batch.clone()).await?;
        for (settlement, answer) in batch.into_iter().zip(&answers) {
            self.watcher.settled(&self.id, settlement, *answer);
        }
        Ok(answers)
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        self.source.renew(held).await
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.source.state()
    }

    async fn close(&self) -> Result<()> {
        self.source.close().await
    }

    fn losses(&self) -> Losses {
        self.source.losses()
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        self.source.vitals()
    }
}
