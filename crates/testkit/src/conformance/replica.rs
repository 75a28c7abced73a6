use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use tekup_core::{
    EventId, Result, SubscriptionId,
    transport::{DeadReason, Delivery, Settled, Settlement, Source, Transport, Verdict},
};
use tokio::time::{Instant, timeout};

use super::{Harness, ledger::Ledger, unexpected};

/// One replica of a subscription, whose verdicts the ledger hears of.
pub(super) struct Replica<H: Harness> {
    pub(super) source: <H::Transport as Transport>::Source,
    pub(super) id: SubscriptionId,
    ledger: Arc<Ledger>,
}

impl<H: Harness> Replica<H> {
    pub(super) fn new(source: <H::Transport as Transport>::Source, id: SubscriptionId, ledger: Arc<Ledger>) -> Self {
        Self { source, id, ledger }
    }

    /// What comes within a time; the fetch is never dropped, since it is not cancel safe.
    pub(super) async fn fetch_within(&self, most: usize, patience: Duration) -> Result<Vec<Delivery>> {
        let mut fetch = pin!(self.source.fetch(most));
        let batch = match timeout(patience, &mut fetch).await {
            Ok(batch) => batch?,
            Err(_) => {
                self.source.interrupt();
                fetch.await?
            }
        };
        assert!(batch.len() <= most, "{} deliveries came where {most} were asked for", batch.len());
        Ok(batch)
    }

    /// Exactly so many deliveries, fetched at most so many at a time.
    pub(super) async fn take_by(&self, count: usize, most: usize) -> Result<Vec<Delivery>> {
        self.take_within(count, most, H::soon()).await
    }

    /// As `take_by`; each fetch may take so long.
    pub(super) async fn take_within(&self, count: usize, most: usize, patience: Duration) -> Result<Vec<Delivery>> {
        let mut taken = Vec::with_capacity(count);
        let mut deadline = Instant::now() + patience;
        while taken.len() < count {
            let batch = self.fetch_within(most.min(count - taken.len()), deadline - Instant::now()).await?;
            if !batch.is_empty() {
                deadline = Instant::now() + patience;
            } else if Instant::now() >= deadline {
                let (id, came) = (&self.id, taken.len());
                return Err(unexpected(format!("{id} got {came} of {count} deliveries within {patience:?}")));
            }
            taken.extend(batch);
        }
        Ok(taken)
    }

    pub(super) async fn take<const N: usize>(&self) -> Result<[Delivery; N]> {
        exactly(self.take_by(N, N).await?)
    }

    pub(super) async fn take_one(&self) -> Result<Delivery> {
        let [one] = self.take().await?;
        Ok(one)
    }

    pub(super) async fn take_one_within(&self, patience: Duration) -> Result<Delivery> {
        let [one] = exactly(self.take_within(1, 1, patience).await?)?;
        Ok(one)
    }

    pub(super) async fn nothing_comes(&self) -> Result<()> {
        self.nothing_comes_for(H::quiet()).await
    }

    pub(super) async fn nothing_comes_for(&self, time: Duration) -> Result<()> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            let batch = self.fetch_within(10, deadline - Instant::now()).await?;
            if let Some(delivery) = batch.first() {
                return Err(unexpected(format!("{} should get nothing, and got {delivery:?}", self.id)));
            }
        }
        Ok(())
    }

    /// Takes and acks so many, and answers which, in their order.
    pub(super) async fn finish(&self, count: usize, most: usize) -> Result<Vec<EventId>> {
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let batch = self.take_by(most.min(count - ids.len()), most).await?;
            self.ack(&batch).await?;
            ids.extend(batch.iter().map(|delivery| delivery.id));
        }
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{} got an event twice", self.id);
        Ok(ids)
    }

    pub(super) async fn settle(&self, delivery: &Delivery, verdict: Verdict) -> Result<Settled> {
        let [settled] = exactly(self.settle_all(vec![(delivery, verdict)]).await?)?;
        Ok(settled)
    }

    pub(super) async fn settle_all(&self, verdicts: Vec<(&Delivery, Verdict)>) -> Result<Vec<Settled>> {
        let batch: Vec<_> = verdicts.iter().map(|(delivery, verdict)| settlement(delivery, verdict.clone())).collect();
        let answers = self.source.settle(batch).await?;
        assert_eq!(answers.len(), verdicts.len(), "one answer for each verdict");
        for ((_, verdict), settled) in verdicts.iter().zip(&answers) {
            self.ledger.settled(&self.id, verdict, *settled);
        }
        Ok(answers)
    }

    pub(super) async fn ack(&self, batch: &[Delivery]) -> Result<()> {
        self.settle_done(batch, |_| Verdict::Ack).await
    }

    pub(super) async fn retry(&self, delivery: &Delivery, delay: Duration) -> Result<()> {
        self.settle_done(std::slice::from_ref(delivery), |_| retry(delivery, delay)).await
    }

    pub(super) async fn release(&self, batch: &[Delivery]) -> Result<()> {
        self.settle_done(batch, |_| Verdict::Release).await
    }

    pub(super) async fn bury(&self, batch: &[Delivery]) -> Result<()> {
        self.settle_done(batch, dead_letter).await
    }

    /// Starts what was taken over, which must still be held.
    pub(super) async fn start(&self, delivery: &Delivery) -> Result<Delivery> {
        let started = self.source.start(delivery.held).await?;
        started.ok_or_else(|| unexpected(format!("{} could not start what it took over: {delivery:?}", self.id)))
    }

    pub(super) async fn close(&self) -> Result<()> {
        self.source.close().await
    }

    async fn settle_done(&self, batch: &[Delivery], verdict: impl Fn(&Delivery) -> Verdict) -> Result<()> {
        let answers = self.settle_all(batch.iter().map(|delivery| (delivery, verdict(delivery))).collect()).await?;
        assert!(answers.iter().all(|settled| *settled == Settled::Done), "who holds a delivery may settle it");
        Ok(())
    }
}

pub(super) fn settlement(delivery: &Delivery, verdict: Verdict) -> Settlement {
    Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant.clone(), verdict }
}

pub(super) fn retry(delivery: &Delivery, delay: Duration) -> Verdict {
    Verdict::Retry { delay, failures: delivery.failures + 1, error: "the ledger is closed".into() }
}

pub(super) fn dead_letter(delivery: &Delivery) -> Verdict {
    let error = "the ledger is gone".into();
    Verdict::DeadLetter { reason: DeadReason::AttemptsExhausted, attempts: delivery.failures + 1, error }
}

pub(super) fn exactly<T: std::fmt::Debug, const N: usize>(items: Vec<T>) -> Result<[T; N]> {
    items.try_into().map_err(|items| unexpected(format!("{N} were expected: {items:?}")))
}
