//! The operator's side: where events stand, dead letters, counters, books.
//!
//! Every call is bounded on the server: scripts of at most 100 events or 1 MiB, lists in pages. A subscription's facts
//! lie in every partition, a tenant's in one; what spans partitions is asked of all at once and put together here,
//! eight calls at a time where there may be many.

mod ask;
mod audit;
mod audit_cursor;
mod books;
mod counters;
mod cursor;
mod depths;
mod event;
mod latencies;
mod letter;
mod letter_hold;
mod letter_keys;
mod letters;
mod nearest;
mod page;
mod page_size;
mod places;
mod preview;
mod purge;
mod registration;
mod remove;
mod replay;
mod replicas;
mod schedule;
mod snapshot;
mod state;
mod status;
mod subscriptions;
#[cfg(test)]
mod tests;
mod told;
mod trace;
mod turns;

use std::{fmt, sync::Arc, time::Duration};

use tekup_core::{
    Error, ErrorKind, EventId, RateLimit, Result, SubscriptionId, TenantId,
    audit::{AdminAction, AuditKind, AuditPage},
    transport::{
        Admin, Books, Cancellation, CounterDelta, Counters, DeadLetter, DeadLetterPage, Depths, EventStatus, Latencies,
        LatencyDelta, LetterKey, Preview, Registration, Replicas, SourceSpec, StoredEvent, SubscriptionPage,
        SubscriptionState, Traced,
    },
};

use self::snapshot::Snapshots;
use crate::{connection::Connection, keys::PartitionKeys, namespace::Namespace, scripts::LaneLimits};

/// What operators ask of a bus on Redis. A cheap handle: clones share what they know of the namespace.
///
/// Dropping any of its futures is safe; of `replay`, `purge`, `add_counters` and `add_latencies` it is then unknown what has been done.
#[derive(Clone)]
pub struct RedisAdmin {
    namespace: Arc<Namespace>,
    snapshots: Arc<Snapshots>,
    connection: Connection,
    /// How long an id is remembered.
    window: Duration,
    limits: LaneLimits,
}

impl RedisAdmin {
    pub(crate) fn new(namespace: Arc<Namespace>, connection: Connection, window: Duration, limits: LaneLimits) -> Self {
        let snapshots = Arc::new(Snapshots::new(namespace.partitions().len()));
        Self { namespace, snapshots, connection, window, limits }
    }

    fn keys(&self, partition: usize) -> Result<&PartitionKeys> {
        let missing = || Error::new(ErrorKind::Internal, format!("partition {partition} does not exist"));
        self.namespace.partitions().get(partition).ok_or_else(missing)
    }
}

impl fmt::Debug for RedisAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisAdmin").field("namespace", self.namespace.name()).finish_non_exhaustive()
    }
}

impl Admin for RedisAdmin {
    /// Exact, but for what an operator did to streams and groups by hand; two round trips. A group that was lost counts
    /// as not having been given the event, for that is what follows.
    async fn status(&self, tenant: &TenantId, id: EventId) -> Result<EventStatus> {
        self.derive_status(tenant, id).await
    }

    /// Of an entry whose lane was deleted by hand, or that could not be read when its time came, nothing is found.
    async fn event(&self, tenant: &TenantId, id: EventId) -> Result<Option<StoredEvent>> {
        self.read_event(tenant, id).await
    }

    async fn cancel(&self, tenant: &TenantId, id: EventId) -> Result<Cancellation> {
        self.cancel_event(tenant, id).await
    }

    async fn count_scheduled(&self, tenant: Option<&TenantId>) -> Result<u64> {
        self.count_later(tenant).await
    }

    /// From positions, and from a sample inside of scripts: see `EventBus::depths`. In a lane whose count the server has
    /// lost, as after an entry was deleted by hand, at most 1,000 are seen.
    async fn depths(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Depths> {
        self.estimate_depths(subscription, tenant).await
    }

    /// By the time of death, of one time by partition and member; a page holds at most 4 MiB. Letters that were replayed
    /// or expired between two pages are left out of the later one, and nothing else moves. Of one tenant, a call looks at
    /// no more than 1,000 letters of the tenant's partition.
    async fn dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<DeadLetterPage> {
        self.page_of_letters(subscription, tenant, after, most).await
    }

    /// Without a tenant, every partition is asked.
    async fn dead_letter(&self, subscription: &SubscriptionId, letter: &LetterKey) -> Result<Option<DeadLetter>> {
        self.one_letter(subscription, letter).await
    }

    /// Of one tenant this walks over all letters in the tenant's partition, 2,000 a call: about 1 ms of the server for
    /// each call.
    async fn count_dead_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<u64> {
        self.count_letters(subscription, tenant).await
    }

    /// At most 100 letters or 1 MiB a call to the server. After an error it is unknown how many were moved; each was
    /// moved wholly or not at all, and a repetition finds those that are left.
    async fn replay(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        self.give_back(subscription, letters).await
    }

    /// At most 100 letters a call to the server. After an error it is unknown how many were deleted; a repetition deletes
    /// those that are left.
    async fn purge(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>) -> Result<u64> {
        self.delete(subscription, letters).await
    }

    /// At most 20 lanes a call to the server. Where replicas count as dead that never said that they leave, it waits 7 s
    /// for a sign of life: the server's clock may have been set forward. If its process dies on the way, nobody can begin to read until it is
    /// finished: by another call, ten seconds later, or by whoever subscribes then. A replica that was frozen or cut off
    /// for more than 20 s meanwhile ends with [`ErrorKind::SubscriptionLost`] when it is back, and what it ends then stays
    /// with whoever began anew: that is known for seven days.
    async fn remove(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.remove_for_good(subscription).await
    }

    /// By Redis's clock. A failover may forget who holds them: then two jobs may work at once, and each letter is still
    /// moved once.
    async fn hold_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<Duration>> {
        self.hold(subscription, tenant, holder, lease).await
    }

    async fn free_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>, holder: &str) -> Result<()> {
        self.free(subscription, tenant, holder).await
    }

    /// Derived from positions. `published` and `acked` are exact if nobody deletes entries or moves groups by hand.
    async fn books(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.derive_books(subscription).await
    }

    /// By Redis's clock. A replica says every 5 s that it lives, and counts for 20 s from then on: so long one counts whose
    /// process was killed or is frozen, or that was dropped instead of closed.
    async fn replicas(&self, subscription: &SubscriptionId) -> Result<Replicas> {
        self.count_replicas(subscription).await
    }

    /// By Redis's clock; two round trips. The first partition tells the names of all, and of those of the page whether
    /// they are alive.
    async fn subscriptions(&self, after: Option<String>, most: usize) -> Result<SubscriptionPage> {
        self.list_subscriptions(&after.unwrap_or_default(), most).await
    }

    /// At most 100 tenants a call to the server, all of them or none; where one is refused, each by itself. Where the
    /// connection is cut between a call and its answer, what the call added may be added twice.
    async fn add_counters(&self, deltas: Vec<CounterDelta>) -> Vec<Result<()>> {
        self.raise_counters(&deltas).await
    }

    /// About 1,000 buckets a call to the server, all of them or none. Where the connection is cut between a call and its
    /// answer, what the call added may be added twice.
    async fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> Vec<Result<()>> {
        self.raise_latencies(&deltas).await
    }

    /// About 1,000 buckets a call: mostly one call, for a type has some dozens.
    async fn latencies(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Latencies> {
        self.read_latencies(subscription, tenant).await
    }

    async fn counters(&self, tenant: Option<&TenantId>) -> Result<Counters> {
        self.read_counters(tenant).await
    }

    /// What was published while the server was full, or by a process that died just then, may be missing.
    async fn trace(&self, tenant: &TenantId, correlation: &str) -> Result<Vec<Traced>> {
        self.read_trace(tenant, correlation).await
    }

    /// One script in the first partition. The replicas are told by the bell; one that misses it looks every 5 s.
    async fn set_paused(&self, subscription: &SubscriptionId, paused: bool) -> Result<bool> {
        self.pause_or_resume(subscription, paused).await
    }

    /// As `set_paused`. What replicas were given of the old limit they use: a tenth of it at most, each.
    async fn set_rate_limit(&self, subscription: &SubscriptionId, limit: Option<RateLimit>) -> Result<bool> {
        self.limit_rate(subscription, limit).await
    }

    async fn state(&self, subscription: &SubscriptionId) -> Result<SubscriptionState> {
        self.read_state(subscription).await
    }

    /// Looks at all partitions, and at each lane that the subscription does not take: 20 a call.
    async fn registration(&self, subscription: &SubscriptionId) -> Result<Registration> {
        self.read_registration(subscription).await
    }

    /// One script in the first partition. A failover may forget a begin: then the end is told as begun when it ended.
    async fn record(&self, action: &AdminAction) -> Result<()> {
        self.keep_record(action).await
    }

    /// The first partition is asked for actions, and each for as many events as fill the page: in one round trip.
    async fn audit(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<AuditPage> {
        self.page_of_records(kind, tenant, after, most).await
    }

    /// As `registration`; besides at the lanes that would be left, or, for a new subscription, taken.
    async fn preview(&self, spec: &SourceSpec) -> Result<Preview> {
        spec.check()?;
        self.foresee(spec).await
    }
}
