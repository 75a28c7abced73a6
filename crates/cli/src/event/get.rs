use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use serde_json::value::RawValue;
use tekup_core::{
    EventId, EventType, Priority, TenantId, Timestamp,
    transport::{StoredEvent, StoredIn},
};

use super::EventArgs;
use crate::{
    Ended,
    output::{facts, on_one_line, shown},
};

#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    event: EventArgs,
    /// Leaves the event's data out, which may be personal.
    #[arg(long)]
    no_data: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Got {
    id: EventId,
    tenant_id: TenantId,
    event_type: Option<EventType>,
    priority: Option<Priority>,
    /// Where it lies.
    place: String,
    /// When it is published, if it waits for its time.
    due: Option<Timestamp>,
    bytes: usize,
    /// As it was published, unless it was left out.
    event: Option<Box<RawValue>>,
    /// What was published, if that is no JSON.
    text: Option<String>,
}

pub(super) fn run(args: &GetArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let EventArgs { id, tenant, bus: bus_args } = &args.event;
    bus_args.with_bus(async |bus| {
        let stored = bus.stored(tenant, *id).await?.with_context(|| {
            format!(
                "event {id} of tenant `{tenant}` is not stored: check both, and what is settled is deleted after the retention"
            )
        })?;
        let got = got(stored, args.no_data);
        bus_args.format().one(out, &got, |out| tell(&got, out))?;
        Ok(Ended::Well)
    })
}

fn got(stored: StoredEvent, no_data: bool) -> Got {
    let (place, due) = place(&stored.place);
    let text = String::from_utf8_lossy(&stored.bytes);
    let event: Option<Box<RawValue>> = serde_json::from_str(&text).ok();
    let text = event.is_none().then(|| text.clone().into_owned()).filter(|_| !no_data);
    Got {
        id: stored.id,
        tenant_id: stored.tenant,
        event_type: stored.event_type,
        priority: stored.priority,
        place,
        due,
        bytes: stored.bytes.len(),
        event: event.filter(|_| !no_data),
        text,
    }
}

fn place(place: &StoredIn) -> (String, Option<Timestamp>) {
    match place {
        StoredIn::Lane => ("its lane".into(), None),
        StoredIn::Schedule { due } => (format!("waits for {due}"), Some(*due)),
        StoredIn::Retries(subscription) => (format!("the retries of `{subscription}`"), None),
        StoredIn::DeadLetters(subscription) => (format!("the dead letters of `{subscription}`"), None),
        _ => ("a place that this program does not know".into(), None),
    }
}

fn tell(got: &Got, out: &mut impl Write) -> anyhow::Result<()> {
    let lane = match (&got.event_type, got.priority) {
        (Some(event_type), Some(priority)) => format!("{event_type}:{priority}"),
        _ => "-".into(),
    };
    facts(
        out,
        [
            ("id", got.id.to_string()),
            ("tenant", got.tenant_id.to_string()),
            ("lane", lane),
            ("lies in", got.place.clone()),
            ("bytes", got.bytes.to_string()),
        ],
    )?;
    let text = got.event.as_ref().map(|event| on_one_line(event.get())).or_else(|| got.text.clone());
    text.map_or(Ok(()), |text| Ok(writeln!(out, "\n{}", shown(&text, usize::MAX))?))
}
