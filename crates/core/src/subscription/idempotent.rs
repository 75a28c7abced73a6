use std::time::Duration;

use super::Subscription;
use crate::handler::Incoming;

impl<E: Incoming> Subscription<E> {
    /// Does not handle again what this subscription has finished within the window, 1 s to 30 days: an event that comes
    /// once more is acknowledged unseen, and counted as filtered. Events are known by tenant and id.
    ///
    /// It guards against what comes again *after* its end was stored: from a server that lost its place, under an id
    /// that is published again after the dedupe window, by a replay of what another replica has finished meanwhile. It
    /// can't guard against a crash between the handler's effects and that end, nor against two replicas that handle the
    /// event at the same moment, for an event that was published twice or whose lease was lost: what is handled is not
    /// finished yet. Then it runs twice. A server that lost everything has lost what was finished too. Where that does harm, store
    /// [`Context::event_id`](crate::Context::event_id) together with the effect.
    ///
    /// Each event's end is kept for the window, some 150 bytes of it, for the newest million in each partition. All
    /// replicas should ask for the same window.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{RawEvent, Subscription};
    /// let subscription = Subscription::matching("mails", "invoice.*")
    ///     .idempotent(Duration::from_secs(3_600))
    ///     .handler(async |_: RawEvent, _| ());
    /// # drop(subscription);
    /// ```
    pub fn idempotent(mut self, window: Duration) -> Self {
        self.wishes.idempotency = Some(window);
        self
    }
}
