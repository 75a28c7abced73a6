//! What all handlers of a router share.

use std::{sync::OnceLock, time::Duration};

use tekup_core::{EventBus, health::Health};

use crate::{
    cached::Cached,
    readiness::{Looks, Ready, Watcher},
    store::Store,
};

/// The full report costs two calls to the store for every 20 lanes of each subscription.
const HEALTH_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Shared {
    pub(crate) bus: EventBus,
    looks: Looks,
    watcher: OnceLock<Watcher>,
    pub(crate) health: Cached<Health>,
    /// If the store's figures are among the metrics.
    pub(crate) store: Option<Store>,
}

impl Shared {
    pub(crate) fn new(bus: EventBus, looks: Looks, store: Option<Store>) -> Self {
        Self { bus, looks, watcher: OnceLock::new(), health: Cached::new(HEALTH_EVERY), store }
    }

    /// What is thought of the process; whoever asks first begins the looks.
    pub(crate) async fn ready(&self) -> Ready {
        let watcher = self.watcher.get_or_init(|| Watcher::start(self.bus.clone(), self.looks));
        let ready = watcher.ready().await;
        if !self.bus.is_stopping() {
            return ready;
        }
        // Who is leaving must get no more work, and the next look may be far.
        Ready { opinion: Default::default(), last: Some(Health::of(vec![tekup_core::health::Reason::Closed])), ..ready }
    }
}
