//! How it is with the store: looked at in bounded pages, and never because of a scrape alone.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use tekup_core::{
    Error, ErrorKind, EventBus, Result, SubscriptionId, TenantId, Timestamp,
    transport::{Depths, ListedSubscription},
};
use tokio::time::{Instant, timeout, timeout_at};

use crate::cached::Cached;

/// How long a scrape waits for a look; then it is told of the one before.
const SCRAPE_PATIENCE: Duration = Duration::from_secs(1);
/// How long the store may take to answer at all, and a whole look to end.
const PING_PATIENCE: Duration = Duration::from_secs(2);
const LOOK_PATIENCE: Duration = Duration::from_secs(5);
/// So many subscriptions are looked at, and so many at once.
const MOST: usize = 500;
const AT_ONCE: usize = 4;
/// So many more are counted that are left out, in pages.
const PAGE: usize = 1_000;
const PAGES: usize = 10;

/// The looks at the store of a bus.
pub(crate) struct Store {
    looks: Cached<StoreLook>,
    /// Whose depths are told by themselves.
    pub(crate) tenants: Vec<TenantId>,
}

/// What a look has found.
pub(crate) struct StoreLook {
    /// When it began, by this process's clock.
    pub(crate) at: Timestamp,
    /// How long the store took to list the first subscriptions; `None` if it did not.
    pub(crate) latency: Option<Duration>,
    pub(crate) subscriptions: Vec<Looked>,
    /// How many are not among them.
    pub(crate) left_out: usize,
}

/// What was found of a subscription.
pub(crate) struct Looked {
    pub(crate) id: SubscriptionId,
    pub(crate) replicas: u64,
    pub(crate) is_paused: bool,
    pub(crate) depths: Depths,
}

impl Store {
    pub(crate) fn new(every: Duration, tenants: Vec<TenantId>) -> Self {
        Self { looks: Cached::new(every), tenants }
    }

    /// The last look; nothing before the first has ended.
    pub(crate) async fn look(&self, bus: &EventBus) -> Option<Arc<StoreLook>> {
        let bus = bus.clone();
        self.looks.get(|| async move { StoreLook::take(&bus).await }, SCRAPE_PATIENCE).await
    }
}

impl StoreLook {
    async fn take(bus: &EventBus) -> Self {
        let (at, began) = (Timestamp::now(), Instant::now());
        let deadline = began + LOOK_PATIENCE;
        let Ok(Ok(first)) = timeout(PING_PATIENCE, bus.all_subscriptions(None, MOST)).await else {
            return Self { at, latency: None, subscriptions: Vec::new(), left_out: 0 };
        };
        let latency = began.elapsed();
        let mut left_out = count_beyond(bus, first.next, Instant::now() + PING_PATIENCE).await;
        let looks = first
            .subscriptions
            .into_iter()
            .map(|listed| async move { timeout_at(deadline, look_at(bus, listed)).await });
        let mut looks = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut subscriptions = Vec::new();
        while let Some(look) = looks.next().await {
            match look {
                Ok(Ok(looked)) => subscriptions.push(looked),
                // It was removed meanwhile.
                Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {}
                Ok(Err(_)) | Err(_) => left_out += 1,
            }
        }
        Self { at, latency: Some(latency), subscriptions, left_out }
    }
}

/// How many subscriptions there are behind the first: those that were listed in time.
async fn count_beyond(bus: &EventBus, mut next: Option<String>, deadline: Instant) -> usize {
    let mut count = 0;
    for _ in 0..PAGES {
        let Some(after) = next.take() else { break };
        let Ok(Ok(page)) = timeout_at(deadline, bus.all_subscriptions(Some(after), PAGE)).await else { break };
        count += page.subscriptions.len();
        next = page.next;
    }
    count
}

async fn look_at(bus: &EventBus, ListedSubscription { id, replicas, .. }: ListedSubscription) -> Result<Looked, Error> {
    let name = id.to_string();
    let (depths, state) = tokio::try_join!(bus.depths(&name), bus.subscription_state(&name))?;
    Ok(Looked { id, replicas: replicas.alive, is_paused: state.is_paused(), depths })
}
