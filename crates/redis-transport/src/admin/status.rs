//! Where an event stands, derived from positions and from what was written down anyway.

use tekup_core::{
    Error, ErrorKind, EventId, EventType, Result, TenantId,
    transport::{EventStatus, Stage, SubscriptionStatus},
};

use super::{
    RedisAdmin,
    snapshot::{Registered, Snapshot},
};
use crate::{index, keys::member, scripts};

/// How often the registry may change between reading it and asking.
const TRIES: usize = 8;

/// Where the index says that an event is stored.
pub(super) struct Place {
    pub(super) lane: u32,
    pub(super) entry: String,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (lane, entry) = text.split_once(':')?;
        Some(Self { lane: lane.parse().ok()?, entry: entry.into() })
    }
}

/// What is known of an event's id.
pub(super) enum Found {
    Stored(Place),
    /// It waits for its time, was cancelled, or could not be read when its time came: nobody has it.
    Apart(EventStatus),
}

impl Found {
    fn parse(place: &str) -> Option<Self> {
        if place == "cancelled" {
            return Some(Self::Apart(EventStatus::cancelled()));
        }
        Place::parse(place).map(Self::Stored)
    }
}

/// What the script answers.
enum Answer {
    Stages(Vec<String>),
    Stale,
    Gone,
}

impl RedisAdmin {
    pub(super) async fn derive_status(&self, tenant: &TenantId, id: EventId) -> Result<EventStatus> {
        let partition = self.namespace.partition_of(tenant);
        let place = match self.find(partition, tenant, id).await? {
            Some(Found::Stored(place)) => place,
            Some(Found::Apart(status)) => return Ok(status),
            None => return Ok(EventStatus::unknown()),
        };
        let mut snapshot = self.snapshot(partition).await?;
        for _ in 0..TRIES {
            let Some(lane) = snapshot.lanes.get(&place.lane) else {
                snapshot = self.fresh_snapshot(partition).await?;
                continue;
            };
            let readers = readers(&snapshot, lane, tenant);
            match self.stages(partition, &snapshot, &place, lane, &readers, &member(id, Some(tenant.as_str()))).await? {
                Answer::Stages(stages) => return statuses(&readers, &stages).map(EventStatus::of),
                Answer::Gone => return Ok(EventStatus::unknown()),
                Answer::Stale => snapshot = self.fresh_snapshot(partition).await?,
            }
        }
        let message = format!("event {id} can't be looked up while lanes and subscriptions change so fast: try again");
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    /// Asks the index; once more if it has been cut anew since it was last read.
    pub(super) async fn find(&self, partition: usize, tenant: &TenantId, id: EventId) -> Result<Option<Found>> {
        let snapshot = self.snapshot(partition).await?;
        if let Some(found) = self.find_with(partition, &snapshot, tenant, id).await? {
            return Ok(Some(found));
        }
        let fresh = self.fresh_snapshot(partition).await?;
        if fresh.layout == snapshot.layout {
            return Ok(None);
        }
        self.find_with(partition, &fresh, tenant, id).await
    }

    async fn find_with(
        &self,
        partition: usize,
        snapshot: &Snapshot,
        tenant: &TenantId,
        id: EventId,
    ) -> Result<Option<Found>> {
        let (keys, member) = (self.keys(partition)?, member(id, Some(tenant.as_str())));
        let bucket = snapshot.layout.bucket(id);
        let mut ask = redis::pipe();
        ask.cmd("ZSCORE").arg(keys.later()).arg(&member);
        ask.cmd("GET").arg(keys.index(bucket, id));
        ask.cmd("HGET").arg(keys.index_rest(bucket, id)).arg(&member);
        ask.cmd("HEXISTS").arg(keys.later_unreadable()).arg(&member);
        let (due, log, rest, is_unreadable): (Option<f64>, Option<Vec<u8>>, Option<String>, bool) =
            self.ask_all("a bucket of the index", ask).await?;
        // An event may wait for longer than the index remembers it.
        if due.is_some() {
            return Ok(Some(Found::Apart(EventStatus::scheduled())));
        }
        let place = rest.or_else(|| index::place_in(log.as_deref()?, &member));
        let unreadable = || is_unreadable.then(|| Found::Apart(unreadable()));
        Ok(place.and_then(|text| Found::parse(&text)).or_else(unreadable))
    }

    async fn stages(
        &self,
        partition: usize,
        snapshot: &Snapshot,
        place: &Place,
        lane: &str,
        readers: &[&Registered],
        member: &[u8],
    ) -> Result<Answer> {
        let keys = self.keys(partition)?;
        let mut call = scripts::STATUS.call(3 + 2 * readers.len());
        call.arg(keys.subscriptions()).arg(keys.lane_named(lane)).arg(keys.starts());
        readers.iter().for_each(|reader| _ = call.arg(keys.exceptions(&reader.id)).arg(keys.retry(&reader.id)));
        call.arg(&snapshot.version).arg(member).arg(&place.entry).arg(place.lane);
        readers.iter().for_each(|reader| _ = call.arg(reader.id.to_string()));
        let stages: Vec<String> = self.ask("where an event stands", call).await?;
        Ok(match stages.first().map(String::as_str) {
            Some("STALE") => Answer::Stale,
            Some("GONE") => Answer::Gone,
            _ => Answer::Stages(stages),
        })
    }
}

/// Its time came, and what was stored of it could not be published.
fn unreadable() -> EventStatus {
    EventStatus { stage: Stage::Failed, subscriptions: Vec::new() }
}

/// The subscriptions that take what is in the lane.
fn readers<'a>(snapshot: &'a Snapshot, lane: &str, tenant: &TenantId) -> Vec<&'a Registered> {
    let event_type = lane.rsplit_once(':').and_then(|(name, _)| EventType::new(name).ok());
    let Some(event_type) = event_type else { return Vec::new() };
    snapshot.subscriptions.iter().filter(|known| known.takes(&event_type, tenant)).collect()
}

fn statuses(readers: &[&Registered], stages: &[String]) -> Result<Vec<SubscriptionStatus>> {
    let read = |(reader, stage): (&&Registered, &String)| match parse_stage(stage) {
        Some(None) => None,
        Some(Some((stage, failures))) => {
            Some(Ok(SubscriptionStatus { subscription: reader.id.clone(), stage, failures }))
        }
        None => {
            let message = format!(
                "the server says that an event is `{}`: are all processes of one version?",
                stage.escape_debug()
            );
            Some(Err(Error::new(ErrorKind::Internal, message)))
        }
    };
    readers.iter().zip(stages).filter_map(read).collect()
}

/// `Some(None)`: not for that subscription. `None`: no stage at all.
fn parse_stage(text: &str) -> Option<Option<(Stage, u32)>> {
    let (name, failures) = text.split_once(':').unwrap_or((text, "0"));
    let stage = match name {
        "none" => return Some(None),
        "pending" => Stage::Pending,
        "processing" => Stage::Processing,
        "completed" => Stage::Completed,
        "retrying" => Stage::Retrying,
        "dead" | "dropped" => Stage::Failed,
        _ => return None,
    };
    Some(Some((stage, failures.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_as_the_script_writes_them() {
        let table = [
            ("none", Some(None)),
            ("pending", Some(Some((Stage::Pending, 0)))),
            ("retrying:2", Some(Some((Stage::Retrying, 2)))),
            ("dead:3", Some(Some((Stage::Failed, 3)))),
            ("dropped", Some(Some((Stage::Failed, 0)))),
            ("dead:x", None),
            ("asleep", None),
        ];
        for (text, stage) in table {
            assert_eq!(parse_stage(text), stage, "{text}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_read_is_no_place() {
        assert!(Place::parse("7:1757844930123-0").is_some_and(|place| place.lane == 7));
        assert!(["", "7", "x:1-0", "-1:1-0"].into_iter().all(|text| Place::parse(text).is_none()));
    }
}
