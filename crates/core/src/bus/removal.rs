//! Removing a subscription for good.

use std::fmt;

use super::EventBus;
use crate::{
    audit::ActionKind,
    error::{Error, ErrorKind, Result, shown},
    ids::SubscriptionId,
    transport::{Books, Replicas},
};

impl EventBus {
    /// Looks at what a removal of a subscription, named `<service>/<name>`, would delete, and deletes nothing:
    /// [`Removal::confirm`] does.
    ///
    /// It is for those who operate the service: a tenant's handle can't.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered; those of the store.
    ///
    /// ```
    /// use tekup_core::{ErrorKind, EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    ///
    /// let removal = bus.removal("audit/everything").await?;
    /// println!("{removal}"); // what would be lost
    /// let refused = removal.confirm("audit/everything").await.unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::Conflict); // it runs
    ///
    /// bus.unsubscribe("everything").await?;
    /// let deleted = bus.removal("audit/everything").await?.confirm("audit/everything").await?;
    /// assert_eq!(deleted.ready, 0);
    /// assert!(bus.books("audit/everything").await.is_err()); // it is gone
    /// # Ok(())
    /// # }
    /// ```
    pub async fn removal(&self, subscription: impl AsRef<str>) -> Result<Removal> {
        let id = subscription.as_ref().parse()?;
        let admin = self.0.transport.admin();
        let (replicas, books) = (admin.replicas(&id).await?, admin.books(&id).await?);
        Ok(Removal { bus: self.clone(), id, replicas, books })
    }
}

/// What a removal of a subscription would delete, as it was when it was looked at. Nothing is deleted unless it is
/// confirmed. It is shown in one line.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("audit")?;
/// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
/// running.unsubscribe().await?;
/// let removal = bus.removal("audit/everything").await?;
/// assert!(removal.to_string().starts_with("to remove `audit/everything` deletes its position, 0 ready"));
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is removed unless it is confirmed"]
#[derive(Clone)]
pub struct Removal {
    bus: EventBus,
    id: SubscriptionId,
    replicas: Replicas,
    books: Books,
}

impl Removal {
    /// The subscription.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.removal("audit/everything").await?.subscription().to_string(), "audit/everything");
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub const fn subscription(&self) -> &SubscriptionId {
        &self.id
    }

    /// How many replicas were alive: while one is, the removal is refused.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.removal("audit/everything").await?.replicas().alive, 1);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub const fn replicas(&self) -> Replicas {
        self.replicas
    }

    /// The books: what is ready, pending, retrying and dead would be lost.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.removal("audit/everything").await?.books().dead, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub const fn books(&self) -> Books {
        self.books
    }

    /// Deletes the subscription with its position, what it has not settled, retries, dead letters, state and counts, for
    /// good; answers its books as they were then, or, of a removal that was half done, of what was left. Its name must be
    /// given once more.
    ///
    /// Whoever subscribes by that name afterwards begins a new subscription.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the name is another; [`ErrorKind::Conflict`] while a replica is alive, a job works on
    /// its dead letters, or another process removes it; [`ErrorKind::NotFound`] if it is gone; those of the store, after
    /// which it may be half done: calling again finishes it.
    ///
    /// # Cancel safety
    /// If dropped, it may be half done. Nobody reads it then until another call, or whoever subscribes next, has finished
    /// it.
    ///
    /// ```
    /// use tekup_core::{ErrorKind, EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("audit")?;
    /// let running = bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// running.unsubscribe().await?;
    /// let removal = bus.removal("audit/everything").await?;
    /// assert_eq!(removal.confirm("audit/all").await.unwrap_err().kind(), ErrorKind::InvalidInput);
    /// assert!(removal.confirm("audit/everything").await?.balanced());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn confirm(&self, subscription: impl AsRef<str>) -> Result<Books> {
        let (typed, meant) = (subscription.as_ref(), self.id.to_string());
        if typed != meant {
            let message = format!(
                "the removal of `{meant}` was confirmed as `{}`, so nothing was deleted: give the same name twice",
                shown(typed)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let action = self.bus.action(ActionKind::Remove).subscription(&self.id);
        let admin = self.bus.0.transport.admin();
        self.bus.recorded(action, admin.remove(&self.id), lost).await
    }
}

/// How many events a removal took.
fn lost(books: &Books) -> u64 {
    books.ready + books.pending + books.retrying + books.dead
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Books { ready, pending, retrying, dead, .. } = self.books;
        let (id, alive) = (&self.id, self.replicas.alive);
        write!(f, "to remove `{id}` deletes its position, {ready} ready, {pending} pending, {retrying} retrying and ")?;
        write!(f, "{dead} dead events; ")?;
        match (alive, self.replicas.last_heard) {
            (0, None) => f.write_str("nobody reads it"),
            (0, Some(heard)) => write!(f, "nobody reads it, a replica was last heard of at {heard}"),
            (alive, _) => write!(f, "it is refused while replicas are alive, now {alive}"),
        }
    }
}

impl fmt::Debug for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Removal")
            .field("subscription", &self.id)
            .field("replicas", &self.replicas)
            .field("books", &self.books)
            .finish_non_exhaustive()
    }
}
