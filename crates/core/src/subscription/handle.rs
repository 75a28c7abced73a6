use std::{fmt, sync::Arc};

use crate::{
    bus::EventBus,
    error::Error,
    error::Result,
    ids::SubscriptionId,
    runtime::Runtime,
    transport::{Losses, SubscriptionState},
};

/// A subscription that runs in this process. Dropping it changes nothing.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("audit")?;
/// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
/// assert!(running.failure().is_none());
/// running.unsubscribe().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SubscriptionHandle {
    bus: EventBus,
    runtime: Arc<Runtime>,
}

impl SubscriptionHandle {
    pub(crate) fn new(bus: EventBus, runtime: Arc<Runtime>) -> Self {
        Self { bus, runtime }
    }

    /// The full name, `<service>/<name>`.
    ///
    /// ```
    /// # use tekup_core::{EventBus, RawEvent, Subscription};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(running.id().to_string(), "audit/everything");
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> &SubscriptionId {
        self.runtime.id()
    }

    /// Why the subscription has stopped reading by itself, if it has: the store lost what it reads from and it can't be
    /// made anew, or refuses its credentials. It was logged once, and says what to do.
    ///
    /// ```
    /// # use tekup_core::{EventBus, RawEvent, Subscription};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(running.failure().is_none());
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Error>> {
        self.runtime.failure()
    }

    /// How often the store lost what this replica reads from, and what it lost last. It was made anew, and some events may
    /// have come again: nothing needs to be done, but someone may want to know why.
    ///
    /// ```
    /// # use tekup_core::{EventBus, RawEvent, Subscription};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(running.losses().count, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.runtime.losses()
    }

    /// Whether it is paused, and its rate limit, as this process knows it: at once, without asking the store.
    ///
    /// ```
    /// # use tekup_core::{EventBus, RawEvent, Subscription};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(!running.state().is_paused());
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> SubscriptionState {
        self.runtime.state()
    }

    /// Stops here, and keeps position, retries and dead letters: as
    /// [`EventBus::unsubscribe`](crate::EventBus::unsubscribe).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it has been stopped already.
    ///
    /// ```
    /// # use tekup_core::{EventBus, RawEvent, Subscription};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// running.unsubscribe().await?;
    /// assert!(running.unsubscribe().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unsubscribe(&self) -> Result<()> {
        self.bus.unsubscribe(self.id().name()).await
    }
}

impl fmt::Debug for SubscriptionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionHandle").field("id", self.id()).finish_non_exhaustive()
    }
}
