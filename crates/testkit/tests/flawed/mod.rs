//! The memory transport with one flaw.

use std::{marker::PhantomData, time::Duration};

use tekup_core::{
    Error, ErrorKind, EventId, RateLimit, Result, SubscriptionId, TenantId,
    audit::{AdminAction, AuditKind, AuditPage},
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{
        Admin, Books, Cancellation, Capabilities, CounterDelta, Counters, DeadLetter, DeadLetterPage, Delivery,
        DeliveryRef, Depths, EventStatus, Latencies, LatencyDelta, LetterKey, Outgoing, Policy, Preview, Receipt,
        Registration, Replicas, Settled, Settlement, Source, SourceSpec, StoredEvent, SubscriptionPage,
        SubscriptionState, Traced, Transport, Verdict,
    },
};
use tekup_testkit::conformance::{Harness, paused_runtime};
use tokio::sync::watch;

/// Where a transport goes wrong; by default nowhere.
pub(crate) trait Flaw: Send + Sync + 'static {
    const CAN: Capabilities = Capabilities {
        dedupe: true,
        status: true,
        dead_letters: true,
        broadcast: false,
        survives_processes: false,
        paused_time: true,
    };
    /// Whether it refuses what it says that it can't do.
    const REFUSES: bool = false;
    const HEARS_INTERRUPTS: bool = true;
    const TELLS_ITS_STATE: bool = true;
    const REMOVES: bool = true;
    /// Whether a tenant is told of its own records only.
    const KEEPS_TENANTS_APART: bool = true;

    fn stored(batch: Vec<Outgoing>) -> Vec<Outgoing> {
        batch
    }
    fn receipt(receipt: Receipt) -> Receipt {
        receipt
    }
    fn fetched(batch: Vec<Delivery>) -> Vec<Delivery> {
        batch
    }
    fn most(most: usize) -> usize {
        most
    }
    fn verdict(verdict: Verdict) -> Verdict {
        verdict
    }
    fn settled(settled: Settled) -> Settled {
        settled
    }
    fn found(event: StoredEvent) -> StoredEvent {
        event
    }
    fn action(action: AdminAction) -> AdminAction {
        action
    }
    fn books(books: Books) -> Books {
        books
    }
    fn limit(limit: RateLimit) -> RateLimit {
        limit
    }
    fn policy(policy: Policy) -> Option<Policy> {
        Some(policy)
    }
    fn state(state: SubscriptionState) -> SubscriptionState {
        state
    }
    fn letter(key: LetterKey) -> LetterKey {
        key
    }
    fn holder(holder: &str) -> &str {
        holder
    }
    /// Whether it purges, or only says so.
    const PURGES: bool = true;
}

pub(crate) struct Flawed<F>(MemoryTransport, PhantomData<F>);
pub(crate) struct FlawedSource<F>(MemorySource, PhantomData<F>);
pub(crate) struct FlawedAdmin<F>(MemoryAdmin, PhantomData<F>);

impl<F: Flaw> Harness for Flawed<F> {
    type Transport = Self;

    async fn fresh() -> Result<Self> {
        Ok(Self(MemoryTransport::new(), PhantomData))
    }
    async fn transport(&self) -> Result<Self> {
        Ok(Self(self.0.clone(), PhantomData))
    }
    async fn limited(&self, max_lane_length: usize) -> Result<Option<Self>> {
        Ok(Some(Self(self.0.clone().max_lane_length(max_lane_length)?, PhantomData)))
    }
    fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
        paused_runtime()
    }
    async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }
}

impl<F: Flaw> Transport for Flawed<F> {
    type Source = FlawedSource<F>;
    type Admin = FlawedAdmin<F>;

    fn capabilities(&self) -> Capabilities {
        F::CAN
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        let ids: Vec<_> = batch.iter().map(|event| event.id).collect();
        let answers = self.0.publish(F::stored(batch)).await?;
        let answers =
            answers.into_iter().map(|answer| answer.map(F::receipt)).map(Some).chain(std::iter::repeat_with(|| None));
        // What was not stored is claimed to be.
        Ok(ids.into_iter().zip(answers).map(|(id, answer)| answer.unwrap_or(Ok(Receipt::new(id, false)))).collect())
    }

    async fn open(&self, mut spec: SourceSpec) -> Result<FlawedSource<F>> {
        spec.rate_limit = spec.rate_limit.map(F::limit);
        spec.policy = spec.policy.and_then(F::policy);
        Ok(FlawedSource(self.0.open(spec).await?, PhantomData))
    }

    fn admin(&self) -> FlawedAdmin<F> {
        FlawedAdmin(self.0.admin(), PhantomData)
    }
}

impl<F: Flaw> Source for FlawedSource<F> {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        Ok(F::fetched(self.0.fetch(F::most(most)).await?))
    }

    fn interrupt(&self) {
        if F::HEARS_INTERRUPTS {
            self.0.interrupt();
        }
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        self.0.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        let batch =
            batch.into_iter().map(|one| Settlement { verdict: F::verdict(one.verdict.clone()), ..one }).collect();
        Ok(self.0.settle(batch).await?.into_iter().map(F::settled).collect())
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        self.0.renew(held).await
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        if F::TELLS_ITS_STATE { self.0.state() } else { watch::Sender::default().subscribe() }
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}

fn unless<F: Flaw>(can: bool) -> Result<()> {
    if can || !F::REFUSES { Ok(()) } else { Err(Error::new(ErrorKind::Unsupported, "this transport can't")) }
}

impl<F: Flaw> Admin for FlawedAdmin<F> {
    async fn status(&self, tenant: &TenantId, id: EventId) -> Result<EventStatus> {
        unless::<F>(F::CAN.status)?;
        self.0.status(tenant, id).await
    }

    async fn event(&self, tenant: &TenantId, id: EventId) -> Result<Option<StoredEvent>> {
        unless::<F>(F::CAN.status)?;
        Ok(self.0.event(tenant, id).await?.map(F::found))
    }

    async fn cancel(&self, tenant: &TenantId, id: EventId) -> Result<Cancellation> {
        self.0.cancel(tenant, id).await
    }

    async fn count_scheduled(&self, tenant: Option<&TenantId>) -> Result<u64> {
        self.0.count_scheduled(tenant).await
    }

    async fn depths(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Depths> {
        self.0.depths(subscription, tenant).await
    }

    async fn dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<DeadLetterPage> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.dead_letters(subscription, tenant, after, most).await
    }

    async fn dead_letter(&self, subscription: &SubscriptionId, letter: &LetterKey) -> Result<Option<DeadLetter>> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.dead_letter(subscription, letter).await
    }

    async fn count_dead_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<u64> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.count_dead_letters(subscription, tenant).await
    }

    async fn replay(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.replay(subscription, letters.into_iter().map(F::letter).collect()).await
    }

    async fn purge(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        unless::<F>(F::CAN.dead_letters)?;
        if !F::PURGES {
            return Ok(letters.len() as u64);
        }
        self.0.purge(subscription, letters).await
    }

    async fn remove(&self, subscription: &SubscriptionId) -> Result<Books> {
        if F::REMOVES { self.0.remove(subscription).await } else { self.0.books(subscription).await.map(F::books) }
    }

    async fn hold_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<Duration>> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.hold_letters(subscription, tenant, F::holder(holder), lease).await
    }

    async fn free_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>, holder: &str) -> Result<()> {
        unless::<F>(F::CAN.dead_letters)?;
        self.0.free_letters(subscription, tenant, F::holder(holder)).await
    }

    async fn books(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.0.books(subscription).await.map(F::books)
    }

    async fn add_counters(&self, deltas: Vec<CounterDelta>) -> Vec<Result<()>> {
        self.0.add_counters(deltas).await
    }

    async fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> Vec<Result<()>> {
        self.0.add_latencies(deltas).await
    }

    async fn latencies(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Latencies> {
        self.0.latencies(subscription, tenant).await
    }

    async fn counters(&self, tenant: Option<&TenantId>) -> Result<Counters> {
        self.0.counters(tenant).await
    }

    async fn trace(&self, tenant: &TenantId, correlation: &str) -> Result<Vec<Traced>> {
        unless::<F>(F::CAN.status)?;
        self.0.trace(tenant, correlation).await
    }

    async fn replicas(&self, subscription: &SubscriptionId) -> Result<Replicas> {
        self.0.replicas(subscription).await
    }

    async fn subscriptions(&self, after: Option<String>, most: usize) -> Result<SubscriptionPage> {
        self.0.subscriptions(after, most).await
    }

    async fn set_paused(&self, subscription: &SubscriptionId, paused: bool) -> Result<bool> {
        self.0.set_paused(subscription, paused).await
    }

    async fn set_rate_limit(&self, subscription: &SubscriptionId, limit: Option<RateLimit>) -> Result<bool> {
        self.0.set_rate_limit(subscription, limit).await
    }

    async fn state(&self, subscription: &SubscriptionId) -> Result<SubscriptionState> {
        self.0.state(subscription).await.map(F::state)
    }

    async fn registration(&self, subscription: &SubscriptionId) -> Result<Registration> {
        self.0.registration(subscription).await
    }

    async fn record(&self, action: &AdminAction) -> Result<()> {
        self.0.record(&F::action(action.clone())).await
    }

    async fn audit(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<AuditPage> {
        self.0.audit(kind, tenant.filter(|_| F::KEEPS_TENANTS_APART), after, most).await
    }

    async fn preview(&self, spec: &SourceSpec) -> Result<Preview> {
        self.0.preview(spec).await
    }
}
