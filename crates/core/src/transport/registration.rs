use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Policy, joining::lists};
use crate::{
    ids::{EventType, Pattern, TenantId},
    priority::Priority,
};

/// What is registered of a subscription, for all its replicas.
///
/// ```
/// use tekup_core::transport::Registration;
///
/// let registered = Registration::new(vec!["invoice.*".parse()?], Vec::new());
/// assert!(registered.takes(&"invoice.paid".parse()?));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Registration {
    /// Which event types it takes.
    pub patterns: Vec<Pattern>,
    /// The tenants that it is for; empty means all.
    pub tenants: Vec<TenantId>,
    /// The largest revision that a replica with these lists has declared; 0 if none has.
    pub revision: u64,
    /// The lanes that it takes no more, and in which events wait for it yet.
    pub draining: Vec<Draining>,
    /// How the newest process handles what comes, as it has said itself: of several revisions one of the largest, and of
    /// those the one that subscribed last. `None` if that is not known: its processes are older than this is told, or what
    /// is stored of it can't be read.
    pub policy: Option<Policy>,
}

/// A lane that a subscription leaves as soon as it has settled what waits there.
///
/// ```
/// use tekup_core::{Priority, transport::Draining};
///
/// let draining = Draining { event_type: "lead.created".parse()?, priority: Priority::High, waiting: 12 };
/// assert_eq!(draining.to_string(), "lead.created:high (12 events)");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draining {
    /// The type of its events.
    pub event_type: EventType,
    /// Their priority.
    pub priority: Priority,
    /// How many are not settled there. A transport that would have to look at each counts 1,000 at most.
    pub waiting: u64,
}

impl Registration {
    /// Lists that no replica has declared a revision of, with nothing to drain.
    ///
    /// ```
    /// use tekup_core::transport::Registration;
    /// assert_eq!(Registration::new(vec!["*".parse()?], Vec::new()).revision, 0);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(patterns: Vec<Pattern>, tenants: Vec<TenantId>) -> Self {
        Self { patterns, tenants, revision: 0, draining: Vec::new(), policy: None }
    }

    /// Whether one of the patterns takes the type.
    ///
    /// ```
    /// use tekup_core::transport::Registration;
    /// assert!(!Registration::default().takes(&"invoice.paid".parse()?));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn takes(&self, event_type: &EventType) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(event_type))
    }

    /// Whether it has these lists, in whatever order.
    ///
    /// ```
    /// use tekup_core::transport::Registration;
    ///
    /// let registered = Registration::new(vec!["a.*".parse()?, "b.*".parse()?], Vec::new());
    /// assert!(registered.is_of(&["b.*".parse()?, "a.*".parse()?], &[]));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_of(&self, patterns: &[Pattern], tenants: &[TenantId]) -> bool {
        same(&self.patterns, patterns) && same(&self.tenants, tenants)
    }

    pub(super) fn lists(&self) -> String {
        lists(&self.patterns, &self.tenants)
    }
}

fn same<T: Ord>(one: &[T], other: &[T]) -> bool {
    one == other || one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

impl std::fmt::Display for Draining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} ({} events)", self.event_type, self.priority, self.waiting)
    }
}
