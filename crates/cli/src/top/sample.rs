//! One look at the bus.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use tekup_core::{
    EventBus, TenantId,
    transport::{Counters, Depth, Depths, ListedSubscription, TenantDepth},
};
use tokio::time::Instant;

use crate::subscriptions::{self, Page};

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) counters: Counters,
    pub(super) scheduled: u64,
    pub(super) subscriptions: Vec<Subscription>,
    /// Those of whom anything waits.
    pub(super) tenants: Vec<Tenant>,
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

/// A tenant, for all these subscriptions together.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) depth: Depth,
    /// Deliveries that were handled, ever; nothing, if that was not asked.
    pub(super) handled: Option<u64>,
}

/// Of so many tenants it is asked how many were handled, those of whom most waits.
const TENANTS: usize = 50;

/// What tenants handle is asked only if somebody wants to see it.
pub(super) async fn take(bus: &EventBus, page: &Page, of_tenants: bool) -> tekup_core::Result<Sample> {
    let listed = page.of(bus).await?;
    let (counters, scheduled) = (bus.counters().await?, bus.scheduled().await?);
    let found = subscriptions::each(listed.subscriptions, async |one| look(bus, one).await).await?;
    let mut tenants = tenants(found.iter().flat_map(|(_, depths)| &depths.tenants));
    if of_tenants {
        count(bus, &mut tenants).await?;
    }
    let subscriptions = found.into_iter().map(|(subscription, _)| subscription).collect();
    Ok(Sample { at: Instant::now(), counters, scheduled, subscriptions, tenants, has_more: listed.next.is_some() })
}

/// Those of whom most waits come first.
fn tenants<'a>(depths: impl Iterator<Item = &'a TenantDepth>) -> Vec<Tenant> {
    let mut all: BTreeMap<&TenantId, Depth> = BTreeMap::new();
    for one in depths {
        all.entry(&one.tenant).or_default().add(&one.depth);
    }
    let tenant = |(name, depth): (&TenantId, Depth)| Tenant { name: name.to_string(), depth, handled: None };
    let mut all: Vec<Tenant> = all.into_iter().map(tenant).collect();
    all.sort_by_key(|one| Reverse(one.depth.ready));
    all
}

async fn count(bus: &EventBus, tenants: &mut [Tenant]) -> tekup_core::Result<()> {
    let counted = stream::iter(tenants.iter_mut().take(TENANTS)).map(async |one| {
        let counters = bus.tenant(one.name.as_str())?.counters().await?;
        one.handled = Some(counters.handled);
        Ok(())
    });
    counted.buffer_unordered(subscriptions::AT_ONCE).try_collect().await
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
