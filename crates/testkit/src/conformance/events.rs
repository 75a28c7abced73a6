//! The events that the suite publishes.

use bytes::Bytes;
use tekup_core::{EventId, Priority, Result, transport::Outgoing};

/// An event of tenant `acme`.
pub(super) fn event(event_type: &str) -> Result<Outgoing> {
    event_of("acme", event_type)
}

pub(super) fn event_of(tenant: &str, event_type: &str) -> Result<Outgoing> {
    let id = EventId::generate();
    let bytes = Bytes::from(format!(
        r#"{{"id":"{id}","type":"{event_type}","version":"1.0.0","tenantId":"{tenant}","timestamp":"2025-09-14T10:15:30.123Z","data":{{}}}}"#
    ));
    Ok(Outgoing {
        id,
        tenant: tenant.parse()?,
        event_type: event_type.parse()?,
        priority: Priority::default(),
        bytes,
        due: None,
        trace: None,
        audit: None,
    })
}

pub(super) fn events(count: usize, event_type: &str) -> Result<Vec<Outgoing>> {
    (0..count).map(|_| event(event_type)).collect()
}

pub(super) fn with_priority(priority: Priority, mut batch: Vec<Outgoing>) -> Vec<Outgoing> {
    batch.iter_mut().for_each(|event| event.priority = priority);
    batch
}

pub(super) fn with_bytes(mut event: Outgoing, bytes: impl Into<Bytes>) -> Outgoing {
    event.bytes = bytes.into();
    event
}

pub(super) fn ids(batch: &[Outgoing]) -> Vec<EventId> {
    batch.iter().map(|event| event.id).collect()
}

/// These very events, in this order.
#[track_caller]
pub(super) fn assert_in_order(got: &[EventId], expected: &[EventId]) {
    let same = got.iter().zip(expected).take_while(|(one, other)| one == other).count();
    let (came, due) = (got.get(same), expected.get(same));
    assert!(got == expected, "{} of {} came; number {same} is {came:?} instead of {due:?}", got.len(), expected.len());
}

/// These very events, in any order.
#[track_caller]
pub(super) fn assert_all(mut got: Vec<EventId>, mut expected: Vec<EventId>) {
    got.sort_unstable();
    expected.sort_unstable();
    assert_in_order(&got, &expected);
}
