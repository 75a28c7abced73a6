//! Causes and effects: written beside the events, read by operators.

use std::collections::HashMap;

use redis::Cmd;
use tekup_core::{
    EventId, TenantId,
    transport::{MOST_TRACED, Outgoing, TraceLink, Traced},
};
use uuid::Uuid;

use crate::{keys::PartitionKeys, scripts};

/// A call that takes note of the events, at most 500 of one partition; `None` if none of them belongs to a correlation.
pub(crate) fn note<'batch>(
    keys: &PartitionKeys,
    events: impl Iterator<Item = &'batch Outgoing>,
    seconds: u64,
) -> Option<Cmd> {
    let traced: Vec<_> = events.filter_map(|event| Some((event, event.trace.as_ref()?))).collect();
    if traced.is_empty() {
        return None;
    }
    let mut numbers: HashMap<(&TenantId, &str), usize> = HashMap::new();
    let mut places = Vec::new();
    for (event, link) in &traced {
        let next = numbers.len() + 1;
        numbers.entry((&event.tenant, &link.correlation)).or_insert_with(|| {
            places.push(keys.trace(&event.tenant, &link.correlation));
            next
        });
    }
    let mut call = scripts::TRACE.call(places.len());
    call.arg(places).arg(seconds).arg(MOST_TRACED);
    for (event, link) in traced {
        let number = numbers.get(&(&event.tenant, link.correlation.as_str())).copied().unwrap_or_default();
        call.arg(number).arg(&event.id.as_uuid().as_bytes()[..]).arg(text(event, link));
    }
    Some(call)
}

/// A call that forgets what was noted of an event.
pub(crate) fn take_back(keys: &PartitionKeys, event: &Outgoing) -> Option<Cmd> {
    let link = event.trace.as_ref()?;
    let mut call = redis::cmd("HDEL");
    call.arg(keys.trace(&event.tenant, &link.correlation)).arg(&event.id.as_uuid().as_bytes()[..]);
    Some(call)
}

fn text(event: &Outgoing, link: &TraceLink) -> String {
    let cause = link.cause.map(|cause| cause.to_string()).unwrap_or_default();
    format!("{cause}:{}", event.event_type)
}

/// What was noted of one event; `None` for what is no note of ours.
pub(crate) fn read(id: &[u8], note: &str) -> Option<Traced> {
    let (cause, event_type) = note.split_once(':')?;
    let cause = if cause.is_empty() { None } else { Some(cause.parse().ok()?) };
    let id = EventId::from_uuid(Uuid::from_slice(id).ok()?).ok()?;
    Some(Traced { id, event_type: event_type.parse().ok()?, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_as_it_was_written_and_what_is_none_is_left_out() {
        let (id, cause) = (EventId::generate(), EventId::generate());
        for cause in [None, Some(cause)] {
            let event =
                Outgoing { id, ..Outgoing::unchecked("acme".parse().unwrap(), "lead.scored".parse().unwrap(), "") };
            let note = text(&event, &TraceLink { correlation: "import-7".into(), cause });
            let traced = read(id.as_uuid().as_bytes(), &note).unwrap();
            assert_eq!((traced.id, traced.event_type, traced.cause), (id, event.event_type, cause));
        }
        for note in ["", "lead.scored", "x:lead.scored", ":", ":Lead"] {
            assert_eq!(read(id.as_uuid().as_bytes(), note), None, "{note}");
        }
        assert_eq!(read(b"short", ":lead.scored"), None);
    }
}
