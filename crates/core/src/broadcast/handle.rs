use std::sync::Arc;

use super::Listener;
use crate::{bus::EventBus, error::Result, ids::SubscriptionId};

/// A listener of this process. Dropping it changes nothing.
///
/// ```
/// use tekup_core::{Broadcast, EventBus, RawEvent};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("shop")?;
/// let cache = bus.listen(Broadcast::matching("cache", "price.*").handler(async |_: RawEvent, _| ())).await?;
/// assert_eq!(cache.missed(), 0);
/// cache.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BroadcastHandle {
    bus: EventBus,
    listener: Arc<Listener>,
}

impl BroadcastHandle {
    pub(crate) fn new(bus: EventBus, listener: Arc<Listener>) -> Self {
        Self { bus, listener }
    }

    /// The full name, `<service>/<name>`.
    ///
    /// ```
    /// # use tekup_core::{Broadcast, EventBus, RawEvent};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("shop")?;
    /// let cache = bus.listen(Broadcast::matching("cache", "price.*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(cache.id().to_string(), "shop/cache");
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> &SubscriptionId {
        self.listener.id()
    }

    /// How many events went by because this listener was too slow, or its store away for too long. What it has missed
    /// can't be had again: reload what they were about.
    ///
    /// ```
    /// # use tekup_core::{Broadcast, EventBus, RawEvent};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("shop")?;
    /// let cache = bus.listen(Broadcast::matching("cache", "price.*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(cache.missed(), 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.listener.missed()
    }

    /// Listens no more: what has begun is finished within the grace period of the bus.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it has been stopped already.
    ///
    /// # Cancel safety
    /// If dropped, the listener goes on stopping on its own.
    ///
    /// ```
    /// # use tekup_core::{Broadcast, EventBus, RawEvent};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("shop")?;
    /// let cache = bus.listen(Broadcast::matching("cache", "price.*").handler(async |_: RawEvent, _| ())).await?;
    /// cache.stop().await?;
    /// assert!(cache.stop().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop(&self) -> Result<()> {
        self.bus.stop_listening(self.id().name()).await
    }
}
