//! The calls about events whose time is to come: to store them, to publish those that have come due, to cancel one.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use redis::{Cmd, Value};
use tekup_core::{
    EventId, EventType, Priority, Result, TenantId,
    transport::{Due, Outgoing},
};

use crate::{
    audited, error,
    index::{Bucket, IndexLayout},
    keys::{PartitionKeys, member},
    scripts,
};

/// For how long nobody else publishes what one process has been told of.
const TURN_MS: u64 = 100;

/// A call that stores events until they are due.
pub(crate) fn schedule<'batch>(
    keys: &PartitionKeys,
    layout: &IndexLayout,
    window: Duration,
    events: impl Iterator<Item = &'batch Outgoing> + Clone,
) -> Result<Cmd> {
    let runs = runs(layout, events.clone().map(|event| event.id));
    let audited = audited::records(events.clone())?;
    let mut cmd = scripts::SCHEDULE.call(5 + 2 * runs.len() + usize::from(!audited.is_empty()));
    cmd.arg(keys.lanes()).arg(keys.later()).arg(keys.later_events()).arg(keys.later_tenants()).arg(keys.bell());
    for (bucket, first, _) in &runs {
        cmd.arg(keys.index(*bucket, *first)).arg(keys.index_rest(*bucket, *first));
    }
    audited::write_key(&mut cmd, keys, &audited);
    cmd.arg(layout.version()).arg(seconds(window)).arg(millis(Due::LONGEST)).arg(runs.len());
    runs.iter().for_each(|(_, _, count)| _ = cmd.arg(count));
    for event in events {
        cmd.arg(member(event.id, Some(event.tenant.as_str()))).arg(due_text(event.due));
        cmd.arg(format!("{}:{}", event.event_type, event.priority)).arg(&event.bytes[..]);
    }
    audited::write(&mut cmd, &audited);
    Ok(cmd)
}

/// Ids in a row that share a bucket: the bucket, the first of them, how many.
fn runs(layout: &IndexLayout, ids: impl Iterator<Item = EventId>) -> Vec<(Bucket, EventId, usize)> {
    let mut runs: Vec<(Bucket, EventId, usize)> = Vec::new();
    for id in ids {
        let bucket = layout.bucket(id);
        match runs.last_mut() {
            Some((last, _, count)) if *last == bucket && bucket != Bucket::Own => *count += 1,
            _ => runs.push((bucket, id, 1)),
        }
    }
    runs
}

/// The server's clock tells what `after` means.
fn due_text(due: Option<Due>) -> String {
    match due {
        Some(Due::After(delay)) => format!("+{}", millis(delay)),
        Some(Due::At(time)) => format!("={}", time.unix_millis()),
        None => "+0".into(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

/// How long an id is remembered, as scripts take it.
pub(crate) fn seconds(window: Duration) -> u64 {
    window.as_secs().max(1)
}

/// A call that cancels an event.
pub(crate) fn cancel(
    keys: &PartitionKeys,
    layout: &IndexLayout,
    window: Duration,
    tenant: &TenantId,
    id: EventId,
) -> Cmd {
    let mut cmd = scripts::CANCEL.call(7);
    cmd.arg(keys.lanes()).arg(keys.later()).arg(keys.later_events()).arg(keys.later_tenants());
    let bucket = layout.bucket(id);
    cmd.arg(keys.index(bucket, id)).arg(keys.index_rest(bucket, id)).arg(keys.later_unreadable());
    cmd.arg(layout.version()).arg(seconds(window)).arg(member(id, Some(tenant.as_str())));
    cmd
}

/// An event that has come due, as the server told of it.
#[derive(Debug)]
pub(crate) struct DueEvent {
    member: Vec<u8>,
    lane: Vec<u8>,
}

/// The lanes of these events, as many as one call trims.
pub(crate) fn lanes(events: &[DueEvent]) -> Vec<String> {
    let lanes: BTreeSet<&str> = events.iter().filter_map(|event| event.read().map(|(_, lane)| lane)).collect();
    lanes.into_iter().take(scripts::MOST_TRIMMED).map(str::to_owned).collect()
}

/// A call that publishes these events, and asks for the next.
pub(crate) fn come_due(
    keys: &PartitionKeys,
    layout: &IndexLayout,
    window: Duration,
    who: &str,
    events: &[DueEvent],
) -> Cmd {
    let (mut lanes, mut buckets) = (Numbers::new(), Numbers::new());
    let mut names = Vec::new();
    let numbered: Vec<_> = events
        .iter()
        .map(|event| {
            let Some((id, lane)) = event.read() else { return (event, 0, 0) };
            let at = layout.bucket(id);
            let bucket = buckets.number([keys.index(at, id), keys.index_rest(at, id)]);
            let lane_number = lanes.number([keys.lane_named(lane)]);
            if lane_number > names.len() {
                names.push(lane);
            }
            (event, lane_number, bucket)
        })
        .collect();
    let mut cmd = scripts::COME_DUE.call(10 + lanes.keys.len() + 2 * buckets.keys.len());
    cmd.arg(keys.lanes()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.bell());
    cmd.arg(keys.later()).arg(keys.later_events()).arg(keys.later_tenants());
    cmd.arg(keys.later_unreadable()).arg(keys.later_mover()).arg(keys.counters(None));
    lanes.keys.iter().flatten().chain(buckets.keys.iter().flatten()).for_each(|key| _ = cmd.arg(key));
    cmd.arg(layout.version()).arg(seconds(window)).arg(who).arg(TURN_MS);
    cmd.arg(names.len()).arg(&names);
    for (event, lane, bucket) in numbered {
        cmd.arg(&event.member).arg(lane).arg(bucket);
    }
    cmd
}

impl DueEvent {
    /// Its id and its lane; `None` if they are none of ours: a stranger's entry must not make a lane.
    fn read(&self) -> Option<(EventId, &str)> {
        let (id, tenant) = self.member.split_first_chunk()?;
        let id = EventId::from_uuid(uuid::Uuid::from_bytes(*id)).ok()?;
        let lane = std::str::from_utf8(&self.lane).ok()?;
        let (event_type, priority) = lane.rsplit_once(':')?;
        let is_sound = TenantId::new(std::str::from_utf8(tenant).ok()?).is_ok() && EventType::new(event_type).is_ok();
        (is_sound && priority.parse::<Priority>().is_ok()).then_some((id, lane))
    }
}

/// Keys that are given once however often they are named, counted from 1.
struct Numbers<const N: usize> {
    known: HashMap<[String; N], usize>,
    keys: Vec<[String; N]>,
}

impl<const N: usize> Numbers<N> {
    fn new() -> Self {
        Self { known: HashMap::new(), keys: Vec::new() }
    }

    fn number(&mut self, keys: [String; N]) -> usize {
        if let Some(number) = self.known.get(&keys) {
            return *number;
        }
        self.keys.push(keys.clone());
        self.known.insert(keys, self.keys.len());
        self.keys.len()
    }
}

/// What a partition answered.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) moved: u64,
    /// Milliseconds until there is more to do; -1 if nothing waits.
    pub(crate) wait: i64,
    pub(crate) unreadable: u64,
    pub(crate) put_off: u64,
    /// Those that are next.
    pub(crate) next: Vec<DueEvent>,
}

impl Turn {
    /// `None` if the layout was out of date.
    pub(crate) fn read(answer: Value) -> Result<Option<Self>> {
        let unexpected = || error::unexpected("what has come due");
        let parts = match answer {
            Value::SimpleString(_) => return Ok(None),
            Value::Array(parts) => parts,
            _ => return Err(unexpected()),
        };
        let mut parts = parts.into_iter();
        let mut number = || match parts.next() {
            Some(Value::Int(number)) => Ok(number),
            _ => Err(unexpected()),
        };
        let (moved, wait, unreadable, put_off) = (number()?, number()?, number()?, number()?);
        let mut next = Vec::new();
        while let Some(member) = parts.next() {
            let (Value::BulkString(member), Some(Value::BulkString(lane))) = (member, parts.next()) else {
                return Err(unexpected());
            };
            next.push(DueEvent { member, lane });
        }
        let [moved, unreadable, put_off] = [moved, unreadable, put_off].map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Some(Self { moved, wait, unreadable, put_off, next }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(member: &[u8], lane: &str) -> DueEvent {
        DueEvent { member: member.to_vec(), lane: lane.into() }
    }

    #[test]
    fn only_a_lane_of_ours_is_taken_for_one() {
        let member = [&[1; 16], &b"acme"[..]].concat();
        assert!(due(&member, "lead.created:high").read().is_some_and(|(_, lane)| lane == "lead.created:high"));
        for lane in ["", "lead.created", "lead.created:urgent", "Lead:high", "~version", "a\nb:high", "{x}:high"] {
            assert_eq!(due(&member, lane).read(), None, "{lane:?}");
        }
        for member in [&[1; 16][..], &[1; 3], &[&[0; 16], &b"acme"[..]].concat(), &[&[1; 16], &b"a b"[..]].concat()] {
            assert_eq!(due(member, "lead.created:high").read(), None, "{member:?}");
        }
    }

    #[test]
    fn a_delay_is_never_shorter_than_it_was_asked_for() {
        let table = [(Duration::from_micros(1), "+1"), (Duration::from_millis(5), "+5"), (Duration::ZERO, "+0")];
        for (delay, text) in table {
            assert_eq!(due_text(Some(Due::After(delay))), text);
        }
        assert!(due_text(Some(Due::After(Duration::MAX))).starts_with("+18446744073709551615"));
    }

    #[test]
    fn an_answer_that_is_none_of_ours_is_an_error() {
        let int = |number| Value::Int(number);
        assert!(Turn::read(Value::SimpleString("STALE".into())).unwrap().is_none());
        for answer in
            [Value::Nil, Value::Array(vec![int(1)]), Value::Array(vec![int(0), int(0), int(0), int(0), int(1)])]
        {
            assert!(Turn::read(answer).is_err());
        }
    }
}
