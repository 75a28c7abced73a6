//! What the scripts answer.

use redis::{FromRedisValue, Value};

/// What was found in a lane, or in the retry stream.
#[derive(Debug, Default)]
pub(super) struct OfStream {
    /// 1, 0 without a group, -1 if the subscription has left.
    group: i64,
    /// Not handed out yet.
    pub(super) unread: u64,
    /// Handed out and not settled, what was handed back included.
    pub(super) pending: u64,
    pub(super) released: u64,
    /// How long the oldest waits, in milliseconds; negative if there is none.
    pub(super) oldest: i64,
    /// Of `unread`, how many were looked at.
    pub(super) seen: u64,
    /// Of `pending`, how many were looked at.
    pub(super) pending_seen: u64,
    pub(super) cells: Vec<OfStreamCell>,
}

/// What was seen of one tenant in one lane.
#[derive(Debug)]
pub(super) struct OfStreamCell {
    /// Empty: that of the stream.
    pub(super) lane: String,
    pub(super) tenant: String,
    pub(super) unread: u64,
    pub(super) held: u64,
    pub(super) released: u64,
    pub(super) oldest: i64,
}

impl OfStream {
    pub(super) fn read(answer: Value) -> Option<Self> {
        let (head, cells) = split::<7>(answer, 6)?;
        let [group, unread, pending, released, oldest, seen, pending_seen] = head;
        let cells = cells.into_iter().map(OfStreamCell::read).collect::<Option<_>>()?;
        Some(Self {
            group,
            unread: count(unread),
            pending: count(pending),
            released: count(released),
            oldest,
            seen: count(seen),
            pending_seen: count(pending_seen),
            cells,
        })
    }

    /// Whether it is the subscription's: it has its group there, or should have.
    pub(super) fn is_known(&self, is_taken: bool) -> bool {
        self.group == 1 || self.is_lost() && is_taken
    }

    pub(super) fn is_lost(&self) -> bool {
        self.group == 0
    }
}

impl OfStreamCell {
    fn read(values: Vec<Value>) -> Option<Self> {
        let [lane, tenant, unread, held, released, oldest] = values.try_into().ok()?;
        let (lane, tenant) = (text(lane)?, text(tenant)?);
        let [unread, held, released] = [int(unread)?, int(held)?, int(released)?].map(count);
        Some(Self { lane, tenant, unread, held, released, oldest: int(oldest)? })
    }
}

/// What was found in a sorted set.
#[derive(Debug, Default)]
pub(super) struct OfSet {
    pub(super) count: u64,
    pub(super) seen: u64,
    /// How long the oldest that is due waits, in milliseconds; negative if none is.
    pub(super) oldest: i64,
    pub(super) cells: Vec<OfSetCell>,
}

/// What was seen of one tenant and lane in a set.
#[derive(Debug)]
pub(super) struct OfSetCell {
    pub(super) lane: String,
    pub(super) tenant: String,
    pub(super) seen: u64,
    pub(super) oldest: i64,
}

impl OfSet {
    pub(super) fn read(answer: Value) -> Option<Self> {
        let ([all, seen, oldest], cells) = split::<3>(answer, 4)?;
        let cells = cells.into_iter().map(OfSetCell::read).collect::<Option<_>>()?;
        Some(Self { count: count(all), seen: count(seen), oldest, cells })
    }
}

impl OfSetCell {
    fn read(values: Vec<Value>) -> Option<Self> {
        let [lane, tenant, seen, oldest] = values.try_into().ok()?;
        Some(Self { lane: text(lane)?, tenant: text(tenant)?, seen: count(int(seen)?), oldest: int(oldest)? })
    }
}

/// So many numbers, then groups of values.
fn split<const HEAD: usize>(answer: Value, each: usize) -> Option<([i64; HEAD], Vec<Vec<Value>>)> {
    let Value::Array(values) = answer else { return None };
    let mut values = values.into_iter();
    let head: Vec<i64> = values.by_ref().take(HEAD).map(int).collect::<Option<_>>()?;
    let rest: Vec<Value> = values.collect();
    let is_whole = rest.len().is_multiple_of(each);
    is_whole.then_some((head.try_into().ok()?, rest.chunks(each).map(<[Value]>::to_vec).collect()))
}

fn int(value: Value) -> Option<i64> {
    i64::from_redis_value(value).ok()
}

/// What is no text of ours names no lane and no tenant.
fn text(value: Value) -> Option<String> {
    let Value::BulkString(bytes) = value else { return None };
    Some(String::from_utf8(bytes).unwrap_or_default())
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
