use std::fmt;

use crate::ids::{EventId, EventType, SubscriptionId, TenantId};

/// What the subscriptions that are being read have before them, added up.
///
/// ```
/// use tekup_core::memory::Backlog;
///
/// let backlog = Backlog { retrying: 1, ..Backlog::default() };
/// assert!(backlog.is_idle());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that could be handed out at once, retries that are due included.
    pub ready: usize,
    /// Deliveries handed out and not settled.
    pub held: usize,
    /// Deliveries that only a pause or the rate limit of their subscription keeps from being handed out.
    pub held_back: usize,
    /// Retries that are not due yet.
    pub retrying: usize,
    /// Dead letters.
    pub dead: usize,
    /// One delivery that is held or, if none is, ready.
    pub first: Option<Unsettled>,
}

impl Backlog {
    /// Whether nothing happens until something is published or resumed, or time passes.
    ///
    /// ```
    /// use tekup_core::memory::Backlog;
    /// assert!(!Backlog { held: 1, ..Backlog::default() }.is_idle());
    /// ```
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ready == 0 && self.held == 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.ready += other.ready;
        self.held += other.held;
        self.held_back += other.held_back;
        self.retrying += other.retrying;
        self.dead += other.dead;
        self.first = self.first.take().or(other.first);
    }
}

/// A delivery that is not settled yet.
///
/// ```
/// use tekup_core::{EventId, memory::Unsettled};
///
/// let unsettled = Unsettled {
///     subscription: "billing/ledger".parse()?,
///     tenant: "acme".parse()?,
///     id: "018f6c9a-0000-7000-8000-000000000016".parse()?,
///     event_type: "invoice.paid".parse()?,
/// };
/// assert_eq!(
///     unsettled.to_string(),
///     "invoice.paid 018f6c9a-0000-7000-8000-000000000016 of acme for billing/ledger"
/// );
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// Whose delivery it is.
    pub subscription: SubscriptionId,
    /// Whose event it is.
    pub tenant: TenantId,
    /// Which event.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, tenant, id, event_type } = self;
        write!(f, "{event_type} {id} of {tenant} for {subscription}")
    }
}
