//! `tekup tail`.

use std::{mem::replace, time::Duration};

use serde::Serialize;
use tekup_core::{
    Broadcast, BroadcastHandle, Envelope, EventBus, EventId, EventType, Pattern, RawEvent, SchemaVersion, TenantId,
    Timestamp, UserId, asked_to_stop, health::Level,
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    Ended,
    closed::Output,
    output::{self, note, on_one_line, shown},
    server::BusArgs,
};

/// How many events wait to be printed, before those that listen wait.
const BUFFER: usize = 1_000;

/// How often it is looked whether the server answers, and how long it has for that.
const LOOK: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    /// The types to show, such as `lead.*`; may be several.
    #[arg(default_value = "*")]
    patterns: Vec<Pattern>,
    /// Only events of this tenant.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Ends after so many events.
    #[arg(long, value_name = "EVENTS")]
    limit: Option<u64>,
    /// Shows the data too, which may be personal.
    #[arg(long)]
    data: bool,
    #[command(flatten)]
    bus: BusArgs,
}

/// An event without its data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Heard<'a> {
    id: EventId,
    r#type: &'a EventType,
    version: &'a SchemaVersion,
    tenant_id: &'a TenantId,
    user_id: Option<&'a UserId>,
    timestamp: Timestamp,
    correlation_id: String,
    cause: Option<EventId>,
}

impl<'a> Heard<'a> {
    fn of(envelope: &'a Envelope) -> Self {
        Self {
            id: envelope.id,
            r#type: &envelope.event_type,
            version: &envelope.version,
            tenant_id: &envelope.tenant,
            user_id: envelope.user.as_ref(),
            timestamp: envelope.timestamp,
            correlation_id: envelope.correlation_id(),
            cause: envelope.cause(),
        }
    }
}

pub(crate) fn run(args: &TailArgs, out: &mut impl Output) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let (heard, mut events) = mpsc::channel(BUFFER);
        let listening = listen(bus, args, heard).await?;
        let mut watch = Watch::default();
        let shown = tokio::select! {
            shown = show(args, &mut events, out) => shown,
            () = watch.go_on(bus, &listening) => Ok(()),
        };
        listening.stop().await?;
        watch.tell_missed(&listening);
        shown.map(|()| Ended::Well)
    })
}

async fn listen(bus: &EventBus, args: &TailArgs, heard: mpsc::Sender<RawEvent>) -> tekup_core::Result<BroadcastHandle> {
    let patterns: Vec<&str> = args.patterns.iter().map(Pattern::as_str).collect();
    let broadcast = Broadcast::matching("tail", patterns).handler_with(heard, async |heard, event: RawEvent, _| {
        // Nobody hears it any more when the command ends.
        let _ended = heard.send(event).await;
    });
    match &args.tenant {
        Some(tenant) => bus.tenant(tenant.clone())?.listen(broadcast).await,
        None => bus.listen(broadcast).await,
    }
}

/// What is told beside the events: what is not shown, and why.
#[derive(Default)]
struct Watch {
    /// The server did not answer the last time.
    is_away: bool,
    /// So many events were told to be missed.
    missed: u64,
}

impl Watch {
    /// Looks for as long as it is let.
    async fn go_on(&mut self, bus: &EventBus, listening: &BroadcastHandle) {
        loop {
            sleep(LOOK).await;
            let is_away = bus.readiness(PATIENCE).await.level == Level::Unhealthy;
            match (replace(&mut self.is_away, is_away), is_away) {
                (false, true) => note("the server does not answer: what is published meanwhile may not be shown"),
                (true, false) => note("the server answers again"),
                _ => {}
            }
            self.tell_missed(listening);
        }
    }

    fn tell_missed(&mut self, listening: &BroadcastHandle) {
        let missed = listening.missed();
        let new = missed - replace(&mut self.missed, missed);
        if new > 0 {
            note(&format!("{new} events were removed before they could be shown"));
        }
    }
}

/// Until there were enough, or somebody ends it.
async fn show(args: &TailArgs, events: &mut mpsc::Receiver<RawEvent>, out: &mut impl Output) -> anyhow::Result<()> {
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut stop = std::pin::pin!(asked_to_stop()?);
    while left > 0 && !out.is_closed() {
        let event = tokio::select! {
            () = &mut stop => return Ok(()),
            event = events.recv() => event,
        };
        let Some(event) = event else { break };
        print(args, &event, out)?;
        left -= 1;
    }
    Ok(())
}

fn print(args: &TailArgs, event: &RawEvent, out: &mut impl Output) -> anyhow::Result<()> {
    let envelope = event.envelope();
    if args.bus.format().is_for_people() {
        let user = envelope.user.as_ref().map_or("-", |user| user.as_str());
        let (at, event_type, tenant, id) = (envelope.timestamp, &envelope.event_type, &envelope.tenant, envelope.id);
        writeln!(out, "{at}  {event_type}  {tenant}  {user}  {id}")?;
        if args.data {
            writeln!(out, "    {}", shown(&on_one_line(event.json()), usize::MAX))?;
        }
    } else if args.data {
        writeln!(out, "{}", on_one_line(&String::from_utf8_lossy(event.bytes())))?;
    } else {
        output::line(out, &Heard::of(envelope))?;
    }
    Ok(out.flush()?)
}
