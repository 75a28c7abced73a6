use std::{collections::BTreeSet, sync::Arc};

use tekup_core::{
    BusConfig, EventBus, EventId, Result, SubscriptionId,
    transport::{Admin, Books, Capabilities, EventStatus, LetterKey, Outgoing, Receipt, SourceSpec, Stage, Transport},
};

use super::{Harness, ledger::Ledger, replica::Replica, unexpected};
use crate::watched::Watched;

/// One test's store, with a ledger of all that the test does to it.
#[derive(Debug)]
pub struct Scene<H: Harness> {
    pub(super) harness: H,
    pub(super) transport: Arc<H::Transport>,
    pub(super) ledger: Arc<Ledger>,
}

impl<H: Harness> Scene<H> {
    pub(super) async fn new() -> Result<Self> {
        let harness = H::fresh().await?;
        let transport = Arc::new(harness.transport().await?);
        Ok(Self { harness, transport, ledger: Arc::default() })
    }

    pub(super) fn can(&self) -> Capabilities {
        self.transport.capabilities()
    }

    pub(super) fn admin(&self) -> <H::Transport as Transport>::Admin {
        self.transport.admin()
    }

    /// One more handle on the store, as another process has it.
    pub(super) async fn another_process(&self) -> Result<Arc<H::Transport>> {
        Ok(Arc::new(self.harness.transport().await?))
    }

    /// A bus of another process.
    pub(super) async fn bus(&self, config: BusConfig) -> Result<EventBus> {
        self.bus_on(self.another_process().await?, config)
    }

    pub(super) fn bus_on(&self, transport: Arc<H::Transport>, config: BusConfig) -> Result<EventBus> {
        EventBus::new(config, Watched { transport, watcher: Arc::clone(&self.ledger) })
    }

    pub(super) async fn open(&self, id: &str, patterns: &[&str]) -> Result<Replica<H>> {
        self.open_with(spec(id, patterns)?).await
    }

    pub(super) async fn open_with(&self, spec: SourceSpec) -> Result<Replica<H>> {
        self.open_on(&self.transport, spec).await
    }

    /// Two replicas in two processes.
    pub(super) async fn open_twice(&self, spec: SourceSpec) -> Result<(Replica<H>, Replica<H>)> {
        let elsewhere = self.another_process().await?;
        Ok((self.open_with(spec.clone()).await?, self.open_on(&elsewhere, spec).await?))
    }

    pub(super) async fn open_on(&self, transport: &H::Transport, spec: SourceSpec) -> Result<Replica<H>> {
        let (id, patterns) = (spec.id.clone(), spec.patterns.clone());
        let source = transport.open(spec).await?;
        self.ledger.opened(&id, patterns);
        Ok(Replica::new(source, id, Arc::clone(&self.ledger)))
    }

    pub(super) async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Receipt>> {
        self.publish_on(&self.transport, batch).await
    }

    /// Stores a batch, all of which must be taken.
    pub(super) async fn publish_on(&self, transport: &H::Transport, batch: Vec<Outgoing>) -> Result<Vec<Receipt>> {
        let sent: Vec<_> = batch.iter().map(|event| (event.id, event.event_type.clone())).collect();
        let receipts = transport.publish(batch).await?.into_iter().collect::<Result<Vec<_>>>()?;
        assert_eq!(receipts.len(), sent.len(), "one answer for each event");
        for (receipt, (id, event_type)) in receipts.iter().zip(sent) {
            assert_eq!(receipt.id, id, "answers come in the order of the batch");
            if !receipt.duplicate {
                self.ledger.published(event_type);
            }
        }
        Ok(receipts)
    }

    pub(super) async fn publish_one(&self, event: &Outgoing) -> Result<Receipt> {
        let receipts = self.publish(vec![event.clone()]).await?;
        receipts.into_iter().next().ok_or_else(|| unexpected("no answer for an event"))
    }

    pub(super) async fn status(&self, event: &Outgoing) -> Result<EventStatus> {
        self.admin().status(&event.tenant, event.id).await
    }

    /// Where an event stands for one of several subscriptions.
    pub(super) async fn stage_of(&self, event: &Outgoing, id: &SubscriptionId) -> Result<Option<Stage>> {
        let status = self.status(event).await?;
        Ok(status.subscriptions.into_iter().find(|it| it.subscription == *id).map(|it| it.stage))
    }

    /// Where an event stands overall, checked to be the only subscription's too.
    pub(super) async fn stage(&self, event: &Outgoing) -> Result<(Stage, u32)> {
        let status = self.status(event).await?;
        let [only] = status.subscriptions.as_slice() else {
            return Err(unexpected(format!("one subscription was expected: {status:?}")));
        };
        assert_eq!(status.stage, only.stage, "{status:?}");
        Ok((only.stage, only.failures))
    }

    pub(super) async fn replay(
        &self,
        id: &SubscriptionId,
        letters: impl IntoIterator<Item = impl Into<LetterKey>>,
    ) -> Result<u64> {
        let replayed = self.admin().replay(id, letters.into_iter().map(Into::into).collect()).await?;
        self.ledger.replayed(id, replayed);
        Ok(replayed)
    }

    pub(super) async fn purge(
        &self,
        id: &SubscriptionId,
        letters: impl IntoIterator<Item = impl Into<LetterKey>>,
    ) -> Result<u64> {
        let purged = self.admin().purge(id, letters.into_iter().map(Into::into).collect()).await?;
        self.ledger.purged(id, purged);
        Ok(purged)
    }

    pub(super) async fn remove(&self, id: &SubscriptionId) -> Result<Books> {
        let books = self.admin().remove(id).await?;
        self.ledger.removed(id);
        Ok(books)
    }

    /// The ids of a subscription's dead letters, page by page.
    pub(super) async fn dead(&self, id: &SubscriptionId) -> Result<Vec<EventId>> {
        let (admin, mut after, mut ids) = (self.admin(), None, Vec::new());
        loop {
            let page = admin.dead_letters(id, None, after, 100).await?;
            ids.extend(page.letters.iter().map(|letter| letter.id));
            if page.next.is_none() {
                break;
            }
            after = page.next;
        }
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a dead letter is listed twice");
        Ok(ids)
    }

    /// The end of every test: what was published is acked, waiting, dead or counted as gone.
    pub(super) async fn close_the_books(&self) -> Result<()> {
        let admin = self.admin();
        for id in self.ledger.subscriptions() {
            let books = admin.books(&id).await?;
            if let Some(objection) = self.ledger.objection(&id, &books) {
                return Err(unexpected(objection));
            }
        }
        Ok(())
    }
}

pub(super) fn spec(id: &str, patterns: &[&str]) -> Result<SourceSpec> {
    let patterns = patterns.iter().map(|pattern| pattern.parse()).collect::<Result<_>>()?;
    Ok(SourceSpec::new(id.parse()?, patterns))
}
