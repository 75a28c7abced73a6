//! What became of all that was stored for a subscription.

use serde::{Deserialize, Serialize};

/// The books of a subscription: what became of all that was ever stored for it. They always balance.
///
/// An event that waits for its time is in no subscription's books: it is published, in all that take it then, when its
/// time has come. [`Admin::count_scheduled`](super::Admin::count_scheduled) tells how many wait.
///
/// ```
/// use tekup_core::transport::Books;
///
/// let books = Books { published: 3, acked: 1, pending: 1, dead: 1, ..Books::default() };
/// assert!(books.balanced());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Books {
    /// Events stored of the types that the subscription takes, since it began; those of tenants that it leaves out too.
    pub published: u64,
    /// Deliveries finished.
    pub acked: u64,
    /// Waiting in lanes, not handed out yet.
    pub ready: u64,
    /// Handed out and not settled, those of dead replicas included.
    pub pending: u64,
    /// Failed, and waiting for their next attempt, due or not.
    pub retrying: u64,
    /// In the dead letters.
    pub dead: u64,
    /// Dead letters that went because of their age.
    pub expired: u64,
    /// Dead letters that were deleted on request.
    pub purged: u64,
    /// Dead letters that went to make room for newer ones, and what a hard cap took.
    pub dropped: u64,
}

impl Books {
    /// Whether all that was stored is accounted for.
    ///
    /// ```
    /// use tekup_core::transport::Books;
    /// assert!(!Books { published: 1, ..Books::default() }.balanced());
    /// ```
    #[must_use]
    pub const fn balanced(&self) -> bool {
        let waiting = self.ready + self.pending + self.retrying;
        self.published == self.acked + waiting + self.dead + self.expired + self.purged + self.dropped
    }
}
