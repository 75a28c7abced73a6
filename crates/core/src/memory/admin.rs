use std::{fmt, sync::Arc, time::Duration};

use super::Shared;
use crate::{
    audit::{AdminAction, AuditKind, AuditPage},
    error::{Error, ErrorKind, Result, shown},
    ids::{EventId, SubscriptionId, TenantId},
    metrics::{Latencies, LatencyDelta},
    rate_limit::RateLimit,
    transport::{
        Admin, Books, Cancellation, CounterDelta, Counters, DeadLetter, DeadLetterPage, Depths, EventStatus, LetterKey,
        Preview, Registration, Replicas, SourceSpec, StoredEvent, SubscriptionPage, SubscriptionState, Traced,
    },
};

/// What operators ask of a [`MemoryTransport`](super::MemoryTransport). All its calls answer at once.
///
/// ```
/// use tekup_core::{EventId, memory::MemoryTransport, transport::{Admin, Stage, Transport}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let admin = MemoryTransport::new().admin();
/// assert_eq!(admin.status(&"acme".parse()?, EventId::generate()).await?.stage, Stage::Unknown);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryAdmin(Arc<Shared>);

impl MemoryAdmin {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Admin for MemoryAdmin {
    async fn status(&self, tenant: &TenantId, id: EventId) -> Result<EventStatus> {
        Ok(self.0.lock().status(tenant, id))
    }

    /// It looks at all that lies in lanes.
    async fn event(&self, tenant: &TenantId, id: EventId) -> Result<Option<StoredEvent>> {
        Ok(self.0.lock().event(tenant, id))
    }

    async fn cancel(&self, tenant: &TenantId, id: EventId) -> Result<Cancellation> {
        Ok(self.0.lock().cancel(tenant, id))
    }

    async fn count_scheduled(&self, tenant: Option<&TenantId>) -> Result<u64> {
        Ok(self.0.lock().count_scheduled(tenant) as u64)
    }

    /// Exact: it looks at all that is not settled.
    async fn depths(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Depths> {
        self.0.lock().depths(subscription, tenant)
    }

    async fn dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<DeadLetterPage> {
        check_page_size(most)?;
        let after = after.map_or(Ok(0), |cursor| serial(&cursor))?;
        Ok(self.0.lock().turn_of(subscription)?.subscription.letters.page(tenant, after, most))
    }

    async fn dead_letter(&self, subscription: &SubscriptionId, letter: &LetterKey) -> Result<Option<DeadLetter>> {
        Ok(self.0.lock().turn_of(subscription)?.subscription.letters.get(letter))
    }

    async fn count_dead_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<u64> {
        Ok(self.0.lock().turn_of(subscription)?.subscription.letters.count(tenant) as u64)
    }

    async fn replay(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        Ok(self.0.lock().turn_of(subscription)?.replay(&letters))
    }

    async fn purge(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        Ok(self.0.lock().turn_of(subscription)?.purge(&letters))
    }

    async fn remove(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.0.lock().remove(subscription)
    }

    async fn hold_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<Duration>> {
        let mut store = self.0.lock();
        let turn = store.turn_of(subscription)?;
        Ok(turn.subscription.letter_holds.hold(tenant, holder, turn.now, lease))
    }

    async fn free_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>, holder: &str) -> Result<()> {
        self.0.lock().turn_of(subscription)?.subscription.letter_holds.free(tenant, holder);
        Ok(())
    }

    async fn books(&self, subscription: &SubscriptionId) -> Result<Books> {
        Ok(self.0.lock().turn_of(subscription)?.subscription.books())
    }

    async fn replicas(&self, subscription: &SubscriptionId) -> Result<Replicas> {
        let mut store = self.0.lock();
        let turn = store.turn_of(subscription)?;
        Ok(turn.subscription.replicas_at(turn.time))
    }

    async fn subscriptions(&self, after: Option<String>, most: usize) -> Result<SubscriptionPage> {
        check_page_size(most)?;
        Ok(self.0.lock().list(&after.unwrap_or_default(), most))
    }

    async fn add_counters(&self, deltas: Vec<CounterDelta>) -> Vec<Result<()>> {
        let told = deltas.iter().map(|_| Ok(())).collect();
        self.0.lock().count(deltas);
        told
    }

    async fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> Vec<Result<()>> {
        let mut store = self.0.lock();
        deltas.into_iter().map(|delta| store.add_latency(delta)).collect()
    }

    async fn latencies(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Latencies> {
        let mut store = self.0.lock();
        store.turn_of(subscription)?;
        Ok(store.latencies.of(subscription, tenant))
    }

    async fn counters(&self, tenant: Option<&TenantId>) -> Result<Counters> {
        Ok(self.0.lock().counters.of(tenant))
    }

    async fn trace(&self, tenant: &TenantId, correlation: &str) -> Result<Vec<Traced>> {
        Ok(self.0.lock().trace(tenant, correlation))
    }

    async fn set_paused(&self, subscription: &SubscriptionId, paused: bool) -> Result<bool> {
        Ok(self.0.lock().turn_of(subscription)?.set_paused(paused))
    }

    async fn set_rate_limit(&self, subscription: &SubscriptionId, limit: Option<RateLimit>) -> Result<bool> {
        limit.map_or(Ok(()), |limit| limit.check())?;
        Ok(self.0.lock().turn_of(subscription)?.set_rate_limit(limit))
    }

    async fn state(&self, subscription: &SubscriptionId) -> Result<SubscriptionState> {
        Ok(*self.0.lock().turn_of(subscription)?.subscription.state.borrow())
    }

    async fn registration(&self, subscription: &SubscriptionId) -> Result<Registration> {
        self.0.lock().registration(subscription)
    }

    async fn record(&self, action: &AdminAction) -> Result<()> {
        self.0.lock().record(action);
        Ok(())
    }

    async fn audit(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<AuditPage> {
        self.0.lock().audit.page(kind, tenant, after, most)
    }

    async fn preview(&self, spec: &SourceSpec) -> Result<Preview> {
        spec.check()?;
        Ok(self.0.lock().preview(spec))
    }
}

pub(super) fn check_page_size(most: usize) -> Result<()> {
    if (1..=1_000).contains(&most) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidInput, format!("page size {most} is out of range: use 1 to 1000")))
}

pub(super) fn serial(cursor: &str) -> Result<u64> {
    cursor.parse().map_err(|cause: std::num::ParseIntError| {
        let message = format!("page cursor `{}` is none: give the `next` of the page before, unchanged", shown(cursor));
        Error::new(ErrorKind::InvalidInput, message).with_source(cause)
    })
}

impl fmt::Debug for MemoryAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryAdmin").finish_non_exhaustive()
    }
}
