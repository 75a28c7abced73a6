use std::sync::Arc;

use tekup_core::{
    Result, SubscriptionId,
    transport::{
        Capabilities, Delivery, DeliveryRef, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec, Transport,
    },
};

use super::{Harness, ledger::Ledger};

/// The transport under test as a bus uses it; the ledger hears of what the bus does.
pub(super) struct Noting<H: Harness> {
    pub(super) transport: Arc<H::Transport>,
    pub(super) ledger: Arc<Ledger>,
}

impl<H: Harness> Transport for Noting<H> {
    type Source = NotingSource<H>;
    type Admin = <H::Transport as Transport>::Admin;

    fn capabilities(&self) -> Capabilities {
        self.transport.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        let types: Vec<_> = batch.iter().map(|event| event.event_type.clone()).collect();
        let answers = self.transport.publish(batch).await?;
        for (answer, event_type) in answers.iter().zip(types) {
            if answer.as_ref().is_ok_and(|receipt| !receipt.duplicate) {
                self.ledger.published(event_type);
            }
        }
        Ok(answers)
    }

    async fn open(&self, spec: SourceSpec) -> Result<NotingSource<H>> {
        let (id, patterns) = (spec.id.clone(), spec.patterns.clone());
        let source = self.transport.open(spec).await?;
        self.ledger.opened(&id, patterns);
        Ok(NotingSource { source, id, ledger: Arc::clone(&self.ledger) })
    }

    fn admin(&self) -> Self::Admin {
        self.transport.admin()
    }

    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        self.transport.renewal_runtime()
    }
}

pub(super) struct NotingSource<H: Harness> {
    source: <H::Transport as Transport>::Source,
    id: SubscriptionId,
    ledger: Arc<Ledger>,
}

impl<H: Harness> Source for NotingSource<H> {
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
        for (settlement, settled) in batch.iter().zip(&answers) {
            self.ledger.settled(&self.id, &settlement.verdict, *settled);
        }
        Ok(answers)
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        self.source.renew(held).await
    }

    async fn close(&self) -> Result<()> {
        self.source.close().await
    }
}
