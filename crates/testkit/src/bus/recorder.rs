use std::sync::Arc;

use tekup_core::{
    Result, SubscriptionId,
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{
        Capabilities, Delivery, DeliveryRef, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec, Transport,
    },
};

use super::records::{self, Records};

/// The memory transport, with a record of what was published and how deliveries ended.
#[derive(Debug)]
pub(super) struct Recorder {
    memory: MemoryTransport,
    records: Arc<Records>,
}

impl Recorder {
    pub(super) fn new(memory: MemoryTransport, records: Arc<Records>) -> Self {
        Self { memory, records }
    }
}

impl Transport for Recorder {
    type Source = RecordingSource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        let answers = self.memory.publish(batch.clone()).await?;
        for (outgoing, answer) in batch.into_iter().zip(&answers) {
            if answer.as_ref().is_ok_and(|receipt| !receipt.duplicate) {
                self.records.published(outgoing);
            }
        }
        Ok(answers)
    }

    async fn open(&self, spec: SourceSpec) -> Result<RecordingSource> {
        let (id, records) = (spec.id.clone(), Arc::clone(&self.records));
        Ok(RecordingSource { source: self.memory.open(spec).await?, id, records })
    }

    fn admin(&self) -> MemoryAdmin {
        self.memory.admin()
    }
}

pub(super) struct RecordingSource {
    source: MemorySource,
    id: SubscriptionId,
    records: Arc<Records>,
}

impl Source for RecordingSource {
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
            let Settlement { id, tenant, verdict, .. } = settlement;
            if *answer == Settled::Done {
                self.records.settled(records::Settled { subscription: self.id.clone(), tenant, id, verdict });
            }
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
