//! `tekup publish`.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use anyhow::{Context, ensure};
use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::{EventBus, EventType, Priority, RawEvent, audit::AuditedEvent, transport::Outgoing};

use crate::{
    Ended,
    event::{read, validate},
    output::{note, shown},
    progress,
    server::BusArgs,
};

/// How many events one call publishes.
const CALL: usize = 500;

/// How many events that could not be published are told one by one.
const TOLD: usize = 20;

#[derive(Debug, clap::Args)]
pub(crate) struct PublishArgs {
    /// The file, as `tekup event validate` takes it: one event a line, for instance; `-` for the standard input.
    file: PathBuf,
    /// The priority of all of them, instead of that of their type.
    #[arg(long)]
    priority: Option<Priority>,
    /// Takes events of types that this program does not know.
    #[arg(long)]
    allow_unknown: bool,
    /// Only looks whether all of them are valid, and counts them.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bus: BusArgs,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// Valid events, by type.
    events: BTreeMap<EventType, u64>,
    dry_run: bool,
    /// Stored now.
    stored: u64,
    /// Stored before, under the same id.
    duplicates: u64,
    failed: u64,
    /// Where in the file, and why.
    failures: Vec<String>,
}

/// An event, and where it stands in the file.
struct Placed {
    place: String,
    event: RawEvent,
}

pub(crate) fn run(registry: &Registry, args: &PublishArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let text = read::text(&args.file)?;
    let Some(events) = valid(registry, args, &text, out)? else { return Ok(Ended::WithFindings) };
    let mut answer = Answer { dry_run: args.dry_run, ..Answer::default() };
    for placed in &events {
        *answer.events.entry(placed.event.envelope().event_type.clone()).or_default() += 1;
    }
    if !args.dry_run {
        args.bus.with_bus(async |bus| publish(bus, registry, args.priority, &events, &mut answer).await)?;
    }
    args.bus.format().one(out, &answer, |out| tell(&answer, out))?;
    Ok(if answer.failed == 0 { Ended::Well } else { Ended::WithFindings })
}

/// All events; none if any is invalid, which is told.
fn valid(
    registry: &Registry,
    args: &PublishArgs,
    text: &str,
    out: &mut impl Write,
) -> anyhow::Result<Option<Vec<Placed>>> {
    ensure!(!text.trim().is_empty(), "`{}` is empty: it holds no event", args.file.display());
    let validation = Validation::of(registry)?;
    let (mut events, mut report) = (Vec::new(), validate::Report::new(out, args.bus.format()));
    let mut invalid = 0;
    for found in read::events(text) {
        match validate::event(&found, &validation, args.allow_unknown) {
            Ok(event) => events.push(Placed { place: found.place, event }),
            Err(problems) => {
                invalid += 1;
                report.findings(&found.place, &problems)?;
            }
        }
    }
    if invalid == 0 {
        return Ok(Some(events));
    }
    report.end(events.len() as u64, invalid)?;
    note("nothing was published: mend these first");
    Ok(None)
}

async fn publish(
    bus: &EventBus,
    registry: &Registry,
    priority: Option<Priority>,
    events: &[Placed],
    answer: &mut Answer,
) -> anyhow::Result<()> {
    let bar = progress::bar(events.len() as u64);
    for call in events.chunks(CALL) {
        let outgoing = call.iter().map(|placed| outgoing(registry, priority, &placed.event));
        let answers = bus.publish_batch(outgoing).await.with_context(|| half_way(answer))?;
        for (placed, receipt) in call.iter().zip(answers) {
            match receipt {
                Ok(receipt) if receipt.duplicate => answer.duplicates += 1,
                Ok(_) => answer.stored += 1,
                Err(error) => answer.fail(&placed.place, &error),
            }
        }
        bar.inc(call.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// What was published already is a duplicate the next time.
fn half_way(answer: &Answer) -> String {
    let done = answer.stored + answer.duplicates;
    format!(
        "{done} events are stored, and at this one it broke off: run the same again, what is stored is not stored twice"
    )
}

fn outgoing(registry: &Registry, priority: Option<Priority>, event: &RawEvent) -> Outgoing {
    let mut outgoing = Outgoing::raw(event);
    let envelope = event.envelope();
    let known = registry.reader_of(&envelope.event_type, &envelope.version);
    if let Some(priority) = priority.or(known.map(|contract| contract.priority)) {
        outgoing.priority = priority;
    }
    let is_audited = registry.audits(envelope.event_type.as_str());
    outgoing.audit = is_audited.then(|| Box::new(AuditedEvent::of(envelope)));
    outgoing
}

impl Answer {
    fn fail(&mut self, place: &str, error: &tekup_core::Error) {
        self.failed += 1;
        if self.failures.len() < TOLD {
            self.failures.push(format!("{place}: {}", shown(&error.to_string(), 300)));
        }
    }
}

fn tell(answer: &Answer, out: &mut impl Write) -> anyhow::Result<()> {
    for failure in &answer.failures {
        writeln!(out, "{failure}")?;
    }
    for (event_type, count) in &answer.events {
        writeln!(out, "{count} {event_type}")?;
    }
    let Answer { stored, duplicates, failed, .. } = answer;
    if answer.dry_run {
        writeln!(out, "all are valid, and none was published")?;
    } else {
        writeln!(out, "{stored} stored, {duplicates} stored before, {failed} failed")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use tekup_core::TekupEvent;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(audit, priority = "high")]
    struct AccountClosed {
        reason: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    struct AccountSeen {}

    #[test]
    fn an_event_is_published_as_its_type_says_recorded_and_urgent() {
        let registry =
            Registry::of([("accounts", vec![AccountClosed::descriptor(), AccountSeen::descriptor()])]).unwrap();
        let closed = AccountClosed { reason: "private".into() }.event("acme").user("ada").build().unwrap();
        let told = outgoing(&registry, None, &closed.to_raw().unwrap());
        assert_eq!(told.priority, Priority::High);
        assert_eq!(told.audit.map(|audited| *audited), Some(AuditedEvent::of(&closed.envelope)));
        let seen = AccountSeen {}.event("acme").build().unwrap().to_raw().unwrap();
        assert_eq!(outgoing(&registry, None, &seen).audit, None);
        assert_eq!(outgoing(&Registry::default(), None, &closed.to_raw().unwrap()).audit, None);
    }
}
