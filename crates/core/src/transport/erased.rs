//! The seam behind pointers, so that a bus has no type parameter. Written once, here.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::{
    Admin, Books, Cancellation, Capabilities, CounterDelta, Counters, DeadLetter, DeadLetterPage, Delivery,
    DeliveryRef, Depths, EventStatus, FollowSpec, Follower, LetterKey, Losses, Outgoing, Preview, Receipt,
    Registration, Replicas, Settled, Settlement, Source, SourceSpec, StoredEvent, SubscriptionPage, SubscriptionState,
    Traced, Transport,
};
use crate::{
    audit::{AdminAction, AuditKind, AuditPage},
    error::Result,
    health::{Part, Vital},
    ids::{EventId, SubscriptionId, TenantId},
    metrics::{Latencies, LatencyDelta},
    rate_limit::RateLimit,
};

pub(crate) trait DynTransport: Send + Sync {
    fn capabilities(&self) -> Capabilities;
    fn publish(&self, batch: Vec<Outgoing>) -> BoxFuture<'_, Result<Vec<Result<Receipt>>>>;
    fn open(&self, spec: SourceSpec) -> BoxFuture<'_, Result<Arc<dyn DynSource>>>;
    fn follow(&self, spec: FollowSpec) -> BoxFuture<'_, Result<Box<dyn Follower>>>;
    fn admin(&self) -> Arc<dyn DynAdmin>;
    fn partition_of(&self, tenant: &TenantId) -> usize;
    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle>;
    fn vitals(&self) -> Vec<(Part, Vital)>;
    fn reconnects(&self) -> u64;
}

pub(crate) trait DynSource: Send + Sync {
    fn fetch(&self, most: usize) -> BoxFuture<'_, Result<Vec<Delivery>>>;
    fn interrupt(&self);
    fn start(&self, delivery: DeliveryRef) -> BoxFuture<'_, Result<Option<Delivery>>>;
    fn settle(&self, batch: Vec<Settlement>) -> BoxFuture<'_, Result<Vec<Settled>>>;
    fn renew(&self, held: Vec<DeliveryRef>) -> BoxFuture<'_, Result<Vec<DeliveryRef>>>;
    fn state(&self) -> watch::Receiver<SubscriptionState>;
    fn close(&self) -> BoxFuture<'_, Result<()>>;
    fn losses(&self) -> Losses;
    fn vitals(&self) -> Vec<(Part, Vital)>;
}

pub(crate) trait DynAdmin: Send + Sync {
    fn status<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<EventStatus>>;
    fn event<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<Option<StoredEvent>>>;
    fn cancel<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<Cancellation>>;
    fn count_scheduled<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<u64>>;
    fn depths<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<Depths>>;
    fn dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        after: Option<String>,
        most: usize,
    ) -> BoxFuture<'a, Result<DeadLetterPage>>;
    fn dead_letter<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        letter: &'a LetterKey,
    ) -> BoxFuture<'a, Result<Option<DeadLetter>>>;
    fn count_dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<u64>>;
    fn replay<'a>(&'a self, subscription: &'a SubscriptionId, letters: Vec<LetterKey>) -> BoxFuture<'a, Result<u64>>;
    fn purge<'a>(&'a self, subscription: &'a SubscriptionId, letters: Vec<LetterKey>) -> BoxFuture<'a, Result<u64>>;
    fn remove<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>>;
    fn hold_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        holder: &'a str,
        lease: Duration,
    ) -> BoxFuture<'a, Result<Option<Duration>>>;
    fn free_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<()>>;
    fn books<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>>;
    fn replicas<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Replicas>>;
    fn subscriptions(&self, after: Option<String>, most: usize) -> BoxFuture<'_, Result<SubscriptionPage>>;
    fn add_counters(&self, deltas: Vec<CounterDelta>) -> BoxFuture<'_, Vec<Result<()>>>;
    fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> BoxFuture<'_, Vec<Result<()>>>;
    fn latencies<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<Latencies>>;
    fn counters<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<Counters>>;
    fn trace<'a>(&'a self, tenant: &'a TenantId, correlation: &'a str) -> BoxFuture<'a, Result<Vec<Traced>>>;
    fn set_paused<'a>(&'a self, subscription: &'a SubscriptionId, paused: bool) -> BoxFuture<'a, Result<bool>>;
    fn set_rate_limit<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        limit: Option<RateLimit>,
    ) -> BoxFuture<'a, Result<bool>>;
    fn state<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<SubscriptionState>>;
    fn registration<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Registration>>;
    fn record<'a>(&'a self, action: &'a AdminAction) -> BoxFuture<'a, Result<()>>;
    fn audit<'a>(
        &'a self,
        kind: Option<AuditKind>,
        tenant: Option<&'a TenantId>,
        after: Option<String>,
        most: usize,
    ) -> BoxFuture<'a, Result<AuditPage>>;
    fn preview<'a>(&'a self, spec: &'a SourceSpec) -> BoxFuture<'a, Result<Preview>>;
}

impl<T: Transport> DynTransport for T {
    fn capabilities(&self) -> Capabilities {
        Transport::capabilities(self)
    }

    fn publish(&self, batch: Vec<Outgoing>) -> BoxFuture<'_, Result<Vec<Result<Receipt>>>> {
        Box::pin(Transport::publish(self, batch))
    }

    fn open(&self, spec: SourceSpec) -> BoxFuture<'_, Result<Arc<dyn DynSource>>> {
        Box::pin(async { Ok(Arc::new(Transport::open(self, spec).await?) as Arc<dyn DynSource>) })
    }

    fn follow(&self, spec: FollowSpec) -> BoxFuture<'_, Result<Box<dyn Follower>>> {
        Box::pin(Transport::follow(self, spec))
    }

    fn admin(&self) -> Arc<dyn DynAdmin> {
        Arc::new(Transport::admin(self))
    }

    fn partition_of(&self, tenant: &TenantId) -> usize {
        Transport::partition_of(self, tenant)
    }

    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        Transport::renewal_runtime(self)
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        Transport::vitals(self)
    }

    fn reconnects(&self) -> u64 {
        Transport::reconnects(self)
    }
}

impl<S: Source> DynSource for S {
    fn fetch(&self, most: usize) -> BoxFuture<'_, Result<Vec<Delivery>>> {
        Box::pin(Source::fetch(self, most))
    }

    fn interrupt(&self) {
        Source::interrupt(self);
    }

    fn start(&self, delivery: DeliveryRef) -> BoxFuture<'_, Result<Option<Delivery>>> {
        Box::pin(Source::start(self, delivery))
    }

    fn settle(&self, batch: Vec<Settlement>) -> BoxFuture<'_, Result<Vec<Settled>>> {
        Box::pin(Source::settle(self, batch))
    }

    fn renew(&self, held: Vec<DeliveryRef>) -> BoxFuture<'_, Result<Vec<DeliveryRef>>> {
        Box::pin(Source::renew(self, held))
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        Source::state(self)
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(Source::close(self))
    }

    fn losses(&self) -> Losses {
        Source::losses(self)
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        Source::vitals(self)
    }
}

impl<A: Admin> DynAdmin for A {
    fn status<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<EventStatus>> {
        Box::pin(Admin::status(self, tenant, id))
    }

    fn event<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<Option<StoredEvent>>> {
        Box::pin(Admin::event(self, tenant, id))
    }

    fn cancel<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<Cancellation>> {
        Box::pin(Admin::cancel(self, tenant, id))
    }

    fn count_scheduled<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::count_scheduled(self, tenant))
    }

    fn depths<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<Depths>> {
        Box::pin(Admin::depths(self, subscription, tenant))
    }

    fn dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        after: Option<String>,
        most: usize,
    ) -> BoxFuture<'a, Result<DeadLetterPage>> {
        Box::pin(Admin::dead_letters(self, subscription, tenant, after, most))
    }

    fn dead_letter<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        letter: &'a LetterKey,
    ) -> BoxFuture<'a, Result<Option<DeadLetter>>> {
        Box::pin(Admin::dead_letter(self, subscription, letter))
    }

    fn count_dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::count_dead_letters(self, subscription, tenant))
    }

    fn replay<'a>(&'a self, subscription: &'a SubscriptionId, letters: Vec<LetterKey>) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::replay(self, subscription, letters))
    }

    fn purge<'a>(&'a self, subscription: &'a SubscriptionId, letters: Vec<LetterKey>) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::purge(self, subscription, letters))
    }

    fn remove<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>> {
        Box::pin(Admin::remove(self, subscription))
    }

    fn hold_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        holder: &'a str,
        lease: Duration,
    ) -> BoxFuture<'a, Result<Option<Duration>>> {
        Box::pin(Admin::hold_letters(self, subscription, tenant, holder, lease))
    }

    fn free_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(Admin::free_letters(self, subscription, tenant, holder))
    }

    fn books<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>> {
        Box::pin(Admin::books(self, subscription))
    }

    fn replicas<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Replicas>> {
        Box::pin(Admin::replicas(self, subscription))
    }

    fn subscriptions(&self, after: Option<String>, most: usize) -> BoxFuture<'_, Result<SubscriptionPage>> {
        Box::pin(Admin::subscriptions(self, after, most))
    }

    fn add_counters(&self, deltas: Vec<CounterDelta>) -> BoxFuture<'_, Vec<Result<()>>> {
        Box::pin(Admin::add_counters(self, deltas))
    }

    fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> BoxFuture<'_, Vec<Result<()>>> {
        Box::pin(Admin::add_latencies(self, deltas))
    }

    fn latencies<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<Latencies>> {
        Box::pin(Admin::latencies(self, subscription, tenant))
    }

    fn counters<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<Counters>> {
        Box::pin(Admin::counters(self, tenant))
    }

    fn trace<'a>(&'a self, tenant: &'a TenantId, correlation: &'a str) -> BoxFuture<'a, Result<Vec<Traced>>> {
        Box::pin(Admin::trace(self, tenant, correlation))
    }

    fn set_paused<'a>(&'a self, subscription: &'a SubscriptionId, paused: bool) -> BoxFuture<'a, Result<bool>> {
        Box::pin(Admin::set_paused(self, subscription, paused))
    }

    fn set_rate_limit<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        limit: Option<RateLimit>,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(Admin::set_rate_limit(self, subscription, limit))
    }

    fn state<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<SubscriptionState>> {
        Box::pin(Admin::state(self, subscription))
    }

    fn registration<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Registration>> {
        Box::pin(Admin::registration(self, subscription))
    }

    fn record<'a>(&'a self, action: &'a AdminAction) -> BoxFuture<'a, Result<()>> {
        Box::pin(Admin::record(self, action))
    }

    fn audit<'a>(
        &'a self,
        kind: Option<AuditKind>,
        tenant: Option<&'a TenantId>,
        after: Option<String>,
        most: usize,
    ) -> BoxFuture<'a, Result<AuditPage>> {
        Box::pin(Admin::audit(self, kind, tenant, after, most))
    }

    fn preview<'a>(&'a self, spec: &'a SourceSpec) -> BoxFuture<'a, Result<Preview>> {
        Box::pin(Admin::preview(self, spec))
    }
}
