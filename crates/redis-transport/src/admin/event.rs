//! One event as it is stored: from its lane or the schedule, else from what a subscription has put aside.

use bytes::Bytes;
use redis::{FromRedisValue, Value};
use tekup_core::{
    EventId, EventType, Priority, Result, SubscriptionId, TenantId, Timestamp,
    transport::{StoredEvent, StoredIn},
};

use super::{
    RedisAdmin,
    status::{Found, Place},
};
use crate::{error, keys::member, scripts};

/// How many subscriptions one call asks.
const ASKED_AT_ONCE: usize = 100;

/// Where an event was found, the name of its lane, and its bytes.
type Hit = (StoredIn, String, Bytes);

impl RedisAdmin {
    pub(super) async fn read_event(&self, tenant: &TenantId, id: EventId) -> Result<Option<StoredEvent>> {
        let (partition, member) = (self.namespace.partition_of(tenant), member(id, Some(tenant.as_str())));
        let Some((place, lane, bytes)) = self.seek(partition, tenant, id, &member).await? else { return Ok(None) };
        let (event_type, priority) = lane.rsplit_once(':').unzip();
        Ok(Some(StoredEvent {
            id,
            tenant: tenant.clone(),
            event_type: event_type.and_then(|name| EventType::new(name).ok()),
            priority: priority.and_then(|name| name.parse::<Priority>().ok()),
            place,
            bytes,
        }))
    }

    /// An event only ever moves on, from the schedule to its lane and from there to what is put aside, and is stored there
    /// before it leaves: so it is looked for in that order.
    async fn seek(&self, partition: usize, tenant: &TenantId, id: EventId, member: &[u8]) -> Result<Option<Hit>> {
        if let Some(waits) = self.scheduled(partition, member).await? {
            return Ok(Some(waits));
        }
        if let Some(Found::Stored(place)) = self.find(partition, tenant, id).await?
            && let Some(lies) = self.in_lane(partition, &place, member).await?
        {
            return Ok(Some(lies));
        }
        self.aside(partition, member).await
    }

    async fn scheduled(&self, partition: usize, member: &[u8]) -> Result<Option<Hit>> {
        let keys = self.keys(partition)?;
        let mut ask = redis::pipe();
        ask.cmd("ZSCORE").arg(keys.later()).arg(member);
        ask.cmd("HGET").arg(keys.later_events()).arg(member);
        let (due, stored): (Option<f64>, Option<Bytes>) = self.ask_all("an event that waits", ask).await?;
        let (Some(due), Some(stored)) = (due, stored) else { return Ok(None) };
        let Some(end) = stored.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let lane = String::from_utf8_lossy(&stored[..end]).into_owned();
        // Scores are whole milliseconds.
        let due = Timestamp::from_unix_millis(due as i64)?;
        Ok(Some((StoredIn::Schedule { due }, lane, stored.slice(end + 1..))))
    }

    /// The entry, if it is still the event's: a server that lost its newest writes may give their ids to others.
    async fn in_lane(&self, partition: usize, place: &Place, member: &[u8]) -> Result<Option<Hit>> {
        let Some(lane) = self.lane_of(partition, place).await? else { return Ok(None) };
        let mut ask = redis::cmd("XRANGE");
        ask.arg(self.keys(partition)?.lane_named(&lane)).arg(&place.entry).arg(&place.entry);
        let entries: Vec<(String, Vec<(String, Bytes)>)> = self.ask("an entry of a lane", ask).await?;
        let Some((_, fields)) = entries.into_iter().next() else { return Ok(None) };
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let is_meant = field("m").is_some_and(|found| found == member);
        Ok(field("e").filter(|_| is_meant).map(|bytes| (StoredIn::Lane, lane, bytes)))
    }

    async fn lane_of(&self, partition: usize, place: &Place) -> Result<Option<String>> {
        if let Some(lane) = self.snapshot(partition).await?.lanes.get(&place.lane) {
            return Ok(Some(lane.clone()));
        }
        Ok(self.fresh_snapshot(partition).await?.lanes.get(&place.lane).cloned())
    }

    async fn aside(&self, partition: usize, member: &[u8]) -> Result<Option<Hit>> {
        let snapshot = self.fresh_snapshot(partition).await?;
        let mut ids: Vec<&SubscriptionId> = snapshot.subscriptions.iter().map(|known| &known.id).collect();
        ids.sort_unstable();
        for some in ids.chunks(ASKED_AT_ONCE) {
            if let Some(found) = self.aside_of(partition, some, member).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn aside_of(&self, partition: usize, ids: &[&SubscriptionId], member: &[u8]) -> Result<Option<Hit>> {
        let keys = self.keys(partition)?;
        let mut call = scripts::ASIDE.call(4 * ids.len());
        for id in ids {
            call.arg(keys.exceptions(id)).arg(keys.waiting(id)).arg(keys.retry(id)).arg(keys.letters(id));
        }
        call.arg(member);
        let answer: Vec<Value> = self.ask("an event that was put aside", call).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        read(ids, Value::Array(answer)).map(Some).ok_or_else(|| error::unexpected("an event that was put aside"))
    }
}

fn read(ids: &[&SubscriptionId], answer: Value) -> Option<Hit> {
    let (at, kind, lane, bytes): (usize, String, String, Bytes) = FromRedisValue::from_redis_value(answer).ok()?;
    let id = (*ids.get(at.checked_sub(1)?)?).clone();
    let place = if kind == "retries" { StoredIn::Retries(id) } else { StoredIn::DeadLetters(id) };
    Some((place, lane, bytes))
}
