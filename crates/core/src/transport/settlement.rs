use std::time::Duration;

use super::{DeadReason, DeliveryRef};
use crate::ids::{EventId, TenantId};

/// How one delivery ends.
///
/// ```
/// use tekup_core::{EventId, transport::{DeliveryRef, Settlement, Verdict}};
///
/// let held = DeliveryRef { lane: 0, epoch: 0, entry: (1, 0), starts: 1 };
/// let settlement = Settlement { held, id: EventId::generate(), tenant: Some("acme".parse()?), verdict: Verdict::Ack };
/// assert_eq!(settlement.verdict, Verdict::Ack);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which delivery.
    pub held: DeliveryRef,
    /// The event that it holds: a transport that finds another one there changes nothing.
    pub id: EventId,
    /// The event's tenant, as the delivery named it.
    pub tenant: Option<TenantId>,
    /// What shall happen.
    pub verdict: Verdict,
}

/// What shall happen to a delivery.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::transport::Verdict;
///
/// let verdict = Verdict::Retry { delay: Duration::from_secs(1), failures: 1, error: "the ledger is closed".into() };
/// assert_ne!(verdict, Verdict::Ack);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done: the subscription has finished with the event.
    Ack,
    /// Not wanted, because of a filter or the subscription's tenants: ends it as `Ack` does.
    Skip,
    /// Again, after a delay by the store's clock.
    Retry {
        /// How long to wait.
        delay: Duration,
        /// Attempts that have failed by now, this one included.
        failures: u32,
        /// What went wrong, for whoever looks into the store: at most 1,024 bytes, or nothing, are kept.
        error: String,
    },
    /// Never again by itself: kept with its bytes until it is replayed, purged or expires.
    DeadLetter {
        /// Why.
        reason: DeadReason,
        /// Attempts that were made, this one included.
        attempts: u32,
        /// What went wrong: at most 1,024 bytes are kept.
        error: String,
    },
    /// Handed back untouched, for any replica to take at once: no attempt, and its count of starts is lowered again.
    /// What was taken over and not started comes back as taken over.
    Release,
}

impl Verdict {
    /// Whether the subscription has finished with the event, successfully.
    ///
    /// ```
    /// use tekup_core::transport::Verdict;
    /// assert!(Verdict::Ack.is_finished() && Verdict::Skip.is_finished() && !Verdict::Release.is_finished());
    /// ```
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self, Self::Ack | Self::Skip)
    }
}

/// What became of a verdict.
///
/// ```
/// use tekup_core::transport::Settled;
/// assert_ne!(Settled::Done, Settled::LeaseLost);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It took effect.
    Done,
    /// The delivery belongs to another replica, or is finished: nothing was changed.
    LeaseLost,
}
