//! Which subscriptions there are.

use serde::{Deserialize, Serialize};

use super::Replicas;
use crate::{ids::SubscriptionId, timestamp::Timestamp};

/// A subscription that is registered, or that is being removed.
///
/// ```
/// use tekup_core::transport::{ListedSubscription, Replicas};
///
/// let listed = ListedSubscription { id: "billing/ledger".parse()?, replicas: Replicas::default(), removing: false };
/// assert_eq!(listed.replicas.alive, 0);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedSubscription {
    /// Its name.
    pub id: SubscriptionId,
    /// How many replicas of it are alive, in all processes.
    pub replicas: Replicas,
    /// Whether it is being removed. If that does not come to an end, whoever did so has died: remove it again, or
    /// subscribe to it, and it is finished.
    #[serde(default)]
    pub removing: bool,
}

/// A page of the subscriptions that are registered.
///
/// ```
/// use tekup_core::{Timestamp, transport::SubscriptionPage};
///
/// let page = SubscriptionPage { at: Timestamp::now(), subscriptions: Vec::new(), next: None };
/// assert!(page.next.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionPage {
    /// When the store was asked, by its clock.
    pub at: Timestamp,
    /// By name.
    pub subscriptions: Vec<ListedSubscription>,
    /// What to ask the next page with; `None` after the last.
    pub next: Option<String>,
}
