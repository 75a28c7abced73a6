use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// How many replicas of a subscription are alive, and when one was last heard of.
///
/// ```
/// use tekup_core::transport::Replicas;
/// assert_eq!(Replicas::default().alive, 0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replicas {
    /// How many replicas read from it now. One whose process was killed may count for some seconds yet.
    pub alive: u64,
    /// When one of them was last heard of, by the store's clock: some seconds ago at most while one is alive.
    pub last_heard: Option<Timestamp>,
}

impl Replicas {
    /// So many, for transports to answer.
    ///
    /// ```
    /// use tekup_core::{Timestamp, transport::Replicas};
    /// assert_eq!(Replicas::new(2, Some(Timestamp::now())).alive, 2);
    /// ```
    #[must_use]
    pub const fn new(alive: u64, last_heard: Option<Timestamp>) -> Self {
        Self { alive, last_heard }
    }
}
