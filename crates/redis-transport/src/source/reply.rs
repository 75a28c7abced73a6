//! What Redis answers a reader, as deliveries. What strangers wrote is no error: it is handed out, and ends in the dead
//! letters.

use bytes::Bytes;
use redis::Value;
use tekup_core::{
    EventId, Priority, TenantId, Timestamp,
    transport::{Delivery, DeliveryRef, Start},
};
use uuid::Uuid;

use super::lanes::{Lane, priority_of};

/// The number of an entry in its stream.
pub(super) type Entry = (u64, u64);

pub(super) fn parse_entry(text: &[u8]) -> Option<Entry> {
    let (ms, sequence) = std::str::from_utf8(text).ok()?.split_once('-')?;
    Some((ms.parse().ok()?, sequence.parse().ok()?))
}

pub(super) fn entry_text(entry: Entry) -> String {
    format!("{}-{}", entry.0, entry.1)
}

/// The fields of an entry that the bus knows.
#[derive(Default)]
struct Fields {
    id: Option<EventId>,
    tenant: Option<TenantId>,
    bytes: Bytes,
    failures: u32,
    first_failure: Option<Timestamp>,
    priority: Option<Priority>,
}

impl Fields {
    fn read(fields: Vec<Value>) -> Self {
        let mut read = Self::default();
        let mut fields = fields.into_iter();
        while let (Some(Value::BulkString(name)), Some(Value::BulkString(value))) = (fields.next(), fields.next()) {
            match name.as_slice() {
                b"m" => (read.id, read.tenant) = member_of(&value),
                b"e" => read.bytes = value.into(),
                b"f" => read.failures = number(&value).unwrap_or(0),
                b"w" => read.first_failure = number(&value).filter(|ms| *ms > 0).and_then(time_of),
                b"l" => read.priority = std::str::from_utf8(&value).ok().and_then(priority_of),
                _ => {}
            }
        }
        read
    }
}

/// The name of the lane that a retry came from.
pub(super) fn lane_of(fields: &[Value]) -> Option<&str> {
    let lane = fields.chunks_exact(2).find_map(|pair| match pair {
        [Value::BulkString(name), Value::BulkString(lane)] if name == b"l" => Some(lane),
        _ => None,
    });
    std::str::from_utf8(lane?).ok()
}

/// 16 bytes of an id, then a tenant; each for itself, for a stranger may have written them.
fn member_of(member: &[u8]) -> (Option<EventId>, Option<TenantId>) {
    let Some((id, tenant)) = member.split_at_checked(16) else { return (None, None) };
    let id = Uuid::from_slice(id).ok().and_then(|id| EventId::from_uuid(id).ok());
    (id, std::str::from_utf8(tenant).ok().and_then(|tenant| tenant.parse().ok()))
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn time_of(ms: i64) -> Option<Timestamp> {
    Timestamp::from_unix_millis(ms).ok()
}

/// The delivery of an entry.
pub(super) fn delivery(lane: &Lane, held: DeliveryRef, start: Start, fields: Vec<Value>) -> Delivery {
    let fields = Fields::read(fields);
    let of_retry = lane.is_retry();
    Delivery {
        held,
        start,
        id: fields.id.unwrap_or_else(|| made_up_id(lane.number, held.entry)),
        tenant: fields.tenant,
        priority: fields.priority.filter(|_| of_retry).unwrap_or(if of_retry {
            Priority::Medium
        } else {
            lane.priority
        }),
        bytes: fields.bytes,
        failures: if of_retry { fields.failures } else { 0 },
        first_failure: fields.first_failure.filter(|_| of_retry),
    }
}

/// An id for an entry that has none: the same each time it is read.
fn made_up_id(number: u32, (ms, sequence): Entry) -> EventId {
    let high = (u128::from(ms) & 0xffff_ffff_ffff) << 80 | 0x8 << 76 | (u128::from(sequence) & 0xfff) << 64;
    let low = 0b10 << 62 | (u128::from(sequence) >> 12 & 0x3fff_ffff) << 32 | u128::from(number);
    // Version and variant are set, so it is not the nil one.
    EventId::from_uuid(Uuid::from_u128(high | low)).unwrap_or_else(|_| EventId::generate())
}

/// One entry of a stream, as `XREADGROUP` answers it, or the script that says besides whether it was finished before.
pub(super) fn entry(value: Value) -> Option<(Entry, Start, Vec<Value>)> {
    let Value::Array(parts) = value else { return None };
    let mut parts = parts.into_iter();
    let (Some(Value::BulkString(entry)), Some(fields)) = (parts.next(), parts.next()) else { return None };
    let fields = if let Value::Array(fields) = fields { fields } else { Vec::new() };
    let start = if parts.next() == Some(Value::Int(1)) { Start::Finished } else { Start::Fresh };
    Some((parse_entry(&entry)?, start, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_id_is_one_of_version_8_and_stays_the_same() {
        let id = made_up_id(7, (1_757_844_930_123, 4_099));
        assert_eq!(id, made_up_id(7, (1_757_844_930_123, 4_099)));
        assert_eq!(id.as_uuid().get_version_num(), 8);
        assert_eq!(id.as_uuid().get_variant(), uuid::Variant::RFC4122);
        let others = [made_up_id(8, (1_757_844_930_123, 4_099)), made_up_id(7, (1_757_844_930_123, 3))];
        assert!(!others.contains(&id));
    }

    #[test]
    fn an_entry_reads_what_it_writes() {
        assert_eq!(parse_entry(b"5-18446744073709551615"), Some((5, u64::MAX)));
        assert_eq!(entry_text((5, 7)), "5-7");
        for text in ["", "5", "-", "5-x", "5-1-1"] {
            assert_eq!(parse_entry(text.as_bytes()), None, "{text}");
        }
    }
}
