//! The seam behind pointers, so that a bus has no type parameter. Written once, here.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{
    Admin, Books, Capabilities, CounterDelta, Counters, DeadLetter, DeadLetterPage, Delivery, DeliveryRef, EventStatus,
    Losses, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec, Transport,
};
use crate::{
    error::Result,
    ids::{EventId, SubscriptionId, TenantId},
};

pub(crate) trait DynTransport: Send + Sync {
    fn capabilities(&self) -> Capabilities;
    fn publish(&self, batch: Vec<Outgoing>) -> BoxFuture<'_, Result<Vec<Result<Receipt>>>>;
    fn open(&self, spec: SourceSpec) -> BoxFuture<'_, Result<Arc<dyn DynSource>>>;
    fn admin(&self) -> Arc<dyn DynAdmin>;
    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle>;
}

pub(crate) trait DynSource: Send + Sync {
    fn fetch(&self, most: usize) -> BoxFuture<'_, Result<Vec<Delivery>>>;
    fn interrupt(&self);
    fn start(&self, delivery: DeliveryRef) -> BoxFuture<'_, Result<Option<Delivery>>>;
    fn settle(&self, batch: Vec<Settlement>) -> BoxFuture<'_, Result<Vec<Settled>>>;
    fn renew(&self, held: Vec<DeliveryRef>) -> BoxFuture<'_, Result<Vec<DeliveryRef>>>;
    fn close(&self) -> BoxFuture<'_, Result<()>>;
    fn losses(&self) -> Losses;
}

pub(crate) trait DynAdmin: Send + Sync {
    fn status<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<EventStatus>>;
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
        tenant: &'a TenantId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<DeadLetter>>>;
    fn count_dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<u64>>;
    fn replay<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        letters: Vec<(TenantId, EventId)>,
    ) -> BoxFuture<'a, Result<u64>>;
    fn books<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>>;
    fn add_counters(&self, deltas: Vec<CounterDelta>) -> BoxFuture<'_, Result<()>>;
    fn counters<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<Counters>>;
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

    fn admin(&self) -> Arc<dyn DynAdmin> {
        Arc::new(Transport::admin(self))
    }

    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        Transport::renewal_runtime(self)
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

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(Source::close(self))
    }

    fn losses(&self) -> Losses {
        Source::losses(self)
    }
}

impl<A: Admin> DynAdmin for A {
    fn status<'a>(&'a self, tenant: &'a TenantId, id: EventId) -> BoxFuture<'a, Result<EventStatus>> {
        Box::pin(Admin::status(self, tenant, id))
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
        tenant: &'a TenantId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<DeadLetter>>> {
        Box::pin(Admin::dead_letter(self, subscription, tenant, id))
    }

    fn count_dead_letters<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        tenant: Option<&'a TenantId>,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::count_dead_letters(self, subscription, tenant))
    }

    fn replay<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        letters: Vec<(TenantId, EventId)>,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Admin::replay(self, subscription, letters))
    }

    fn books<'a>(&'a self, subscription: &'a SubscriptionId) -> BoxFuture<'a, Result<Books>> {
        Box::pin(Admin::books(self, subscription))
    }

    fn add_counters(&self, deltas: Vec<CounterDelta>) -> BoxFuture<'_, Result<()>> {
        Box::pin(Admin::add_counters(self, deltas))
    }

    fn counters<'a>(&'a self, tenant: Option<&'a TenantId>) -> BoxFuture<'a, Result<Counters>> {
        Box::pin(Admin::counters(self, tenant))
    }
}
