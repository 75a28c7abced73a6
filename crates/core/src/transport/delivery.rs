use bytes::Bytes;

use crate::{
    ids::{EventId, TenantId},
    priority::Priority,
    timestamp::Timestamp,
};

/// Where a transport finds a delivery again: opaque to everyone else.
///
/// ```
/// use tekup_core::transport::DeliveryRef;
///
/// let held = DeliveryRef { lane: 3, epoch: 1, entry: (1_757_844_930_123, 0), starts: 1 };
/// assert_eq!(held, held.clone());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryRef {
    /// The lane, by the transport's own number.
    pub lane: u32,
    /// Which life of the server the delivery belongs to: entries of another life may have the same numbers.
    pub epoch: u32,
    /// The entry within the lane.
    pub entry: (u64, u64),
    /// How often the delivery had been started when it was handed out: the fence.
    pub starts: u32,
}

/// Whether a delivery may be handled as it is.
///
/// ```
/// use tekup_core::transport::Start;
/// assert_ne!(Start::Fresh, Start::TakenOver);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Handed out for the first time, or handed back by a replica that stopped: handle it.
    Fresh,
    /// Taken over from a replica that is gone, perhaps because of this very event: content is absent until
    /// [`Source::start`](super::Source::start) is called, one at a time.
    TakenOver,
    /// The subscription has finished this event before, within its
    /// [`idempotency`](super::SourceSpec::idempotency): end it unseen.
    Finished,
}

/// One attempt to hand one event to one subscription.
///
/// ```
/// use tekup_core::{EventId, Priority, transport::{Delivery, DeliveryRef, Start}};
///
/// let delivery = Delivery {
///     held: DeliveryRef { lane: 0, epoch: 0, entry: (1, 0), starts: 1 },
///     start: Start::Fresh,
///     id: EventId::generate(),
///     tenant: Some("acme".parse()?),
///     priority: Priority::Medium,
///     bytes: "{}".into(),
///     failures: 0,
///     first_failure: None,
/// };
/// assert_eq!(delivery.failures, 0);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where the transport finds it again.
    pub held: DeliveryRef,
    /// Whether it may be handled as it is.
    pub start: Start,
    /// The event's id, as stored beside the envelope; one made up from the entry where there is none.
    pub id: EventId,
    /// The event's tenant, as stored beside the envelope; `None` if what is there is no tenant's name.
    pub tenant: Option<TenantId>,
    /// The priority of its lane; for a retried one, of the lane that it came from.
    pub priority: Priority,
    /// The envelope with its data, as stored; empty where there is none.
    pub bytes: Bytes,
    /// Attempts that returned a failure or ran out of time before this one.
    pub failures: u32,
    /// When the first of them failed, by the store's clock.
    pub first_failure: Option<Timestamp>,
}
