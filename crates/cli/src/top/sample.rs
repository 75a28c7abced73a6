//! One look at the bus.

use std::{collections::BTreeMap, time::Duration};

use tekup_core::{
    EventBus,
    transport::{Counters, Depth, Depths, ListedSubscription},
};
use tokio::time::Instant;

use crate::subscriptions::{self, Page};

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) counters: Counters,
    pub(super) scheduled: u64,
    pub(super) subscriptions: Vec<Subscription>,
    /// What waits of each tenant, for all these subscriptions together.
    pub(super) tenants: BTreeMap<String, Depth>,
    /// Whether there are subscriptions that were not looked at.
    pub(super) has_more: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Subscription {
    pub(super) name: String,
    pub(super) replicas: u64,
    pub(super) is_paused: bool,
    pub(super) depth: Depth,
    /// Deliveries that were handled, ever.
    pub(super) handled: u64,
    pub(super) p50: Option<Duration>,
    pub(super) p99: Option<Duration>,
}

pub(super) async fn take(bus: &EventBus, page: &Page) -> tekup_core::Result<Sample> {
    let listed = page.of(bus).await?;
    let (counters, scheduled) = (bus.counters().await?, bus.scheduled().await?);
    let found = subscriptions::each(listed.subscriptions, async |one| look(bus, one).await).await?;
    let mut tenants: BTreeMap<String, Depth> = BTreeMap::new();
    for tenant in found.iter().flat_map(|(_, depths)| &depths.tenants) {
        tenants.entry(tenant.tenant.to_string()).or_default().add(&tenant.depth);
    }
    let subscriptions = found.into_iter().map(|(subscription, _)| subscription).collect();
    Ok(Sample { at: Instant::now(), counters, scheduled, subscriptions, tenants, has_more: listed.next.is_some() })
}

async fn look(bus: &EventBus, one: ListedSubscription) -> tekup_core::Result<(Subscription, Depths)> {
    let name = one.id.to_string();
    if one.removing {
        return Ok((Subscription { name, ..Subscription::default() }, Depths::default()));
    }
    let depths = bus.depths(&name).await?;
    let handling = bus.latencies(&name).await?.all().handling;
    let subscription = Subscription {
        replicas: one.replicas.alive,
        is_paused: bus.subscription_state(&name).await?.is_paused(),
        depth: depths.total,
        handled: handling.count(),
        p50: handling.p50(),
        p99: handling.p99(),
        name,
    };
    Ok((subscription, depths))
}
