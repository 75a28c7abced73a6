use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    ids::{EventId, EventType, TenantId},
    priority::Priority,
    timestamp::Timestamp,
    transport::{Delivery, DeliveryRef, Settlement, Start, StoredEvent, StoredIn},
};

/// The lane of what is retried; the numbers of all other lanes are larger.
pub(super) const RETRIES: u32 = 0;

/// An event as it is stored once, for all subscriptions.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its number in the index.
    pub(super) number: u64,
    pub(super) id: EventId,
    pub(super) tenant: TenantId,
    pub(super) event_type: EventType,
    pub(super) priority: Priority,
    pub(super) bytes: Bytes,
    /// When it was stored.
    pub(super) since: Instant,
    pub(super) time: Timestamp,
}

impl Stored {
    pub(super) fn is(&self, (tenant, id): &(TenantId, EventId)) -> bool {
        self.id == *id && self.tenant == *tenant
    }

    pub(super) fn shown(&self, place: StoredIn) -> StoredEvent {
        StoredEvent {
            id: self.id,
            tenant: self.tenant.clone(),
            event_type: Some(self.event_type.clone()),
            priority: Some(self.priority),
            place,
            bytes: self.bytes.clone(),
        }
    }
}

/// Where one subscription finds an item again: its lane, and its entry there.
pub(super) type Place = (u32, u64);

/// An event in the hands or queues of one subscription.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) event: Arc<Stored>,
    /// How often it was started without being settled or handed back.
    pub(super) starts: u32,
    pub(super) failures: u32,
    pub(super) first_failure: Option<Timestamp>,
    /// When it was stored or, if it is retried, when its next attempt was due.
    pub(super) since: Instant,
}

impl Item {
    pub(super) fn fresh(lane: u32, event: Arc<Stored>) -> Self {
        let (place, since) = ((lane, event.number), event.since);
        Self { place, event, starts: 0, failures: 0, first_failure: None, since }
    }

    /// Whether it was held when a lease ended.
    pub(super) fn is_abandoned(&self) -> bool {
        self.starts > 0
    }

    pub(super) fn is_retry(&self) -> bool {
        self.place.0 == RETRIES
    }

    /// Whether the settlement speaks of this very event.
    pub(super) fn is_meant_by(&self, settlement: &Settlement) -> bool {
        self.event.id == settlement.id && settlement.tenant.as_ref() == Some(&self.event.tenant)
    }

    pub(super) fn delivery(&self, start: Start) -> Delivery {
        let bytes = match start {
            Start::Fresh => self.event.bytes.clone(),
            Start::TakenOver | Start::Finished => Bytes::new(),
        };
        let (lane, entry) = self.place;
        Delivery {
            held: DeliveryRef { lane, epoch: 0, entry: (entry, 0), starts: self.starts },
            start,
            id: self.event.id,
            tenant: Some(self.event.tenant.clone()),
            priority: self.event.priority,
            bytes,
            failures: self.failures,
            first_failure: self.first_failure,
        }
    }
}

/// Where a delivery is found; what another life of the store handed out is nowhere.
pub(super) fn place(held: &DeliveryRef) -> Option<Place> {
    (held.epoch == 0 && held.entry.1 == 0).then_some((held.lane, held.entry.0))
}
