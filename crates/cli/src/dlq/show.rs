use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use serde_json::value::RawValue;
use tekup_core::{
    Envelope, EventId, TenantId,
    transport::{DeadLetter, LetterKey},
};

use super::{Whose, ls::Letter};
use crate::{
    Ended,
    output::{facts, on_one_line, shown},
    units::at_or_none,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    whose: Whose,
    /// The event's id.
    id: EventId,
    /// Whose event it is; left out for one that could not be read.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Shows the event's data too.
    #[arg(long)]
    data: bool,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    letter: Letter,
    /// The event as it is stored, if it was asked for and is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
    /// Its bytes, if it was asked for and is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

pub(super) fn run(args: &ShowArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let Whose { subscription, bus: bus_args } = &args.whose;
    bus_args.with_bus(async |bus| {
        let key = LetterKey { tenant: args.tenant.clone(), id: args.id, died: None };
        let found = bus.dead_letters(subscription.to_string())?.show_letter(&key).await?;
        let letter = found.with_context(|| absent(args))?;
        let shown = with_event(&letter, args.data);
        bus_args.format().one(out, &shown, |out| tell(&letter, &shown, out))?;
        Ok(Ended::Well)
    })
}

fn absent(args: &ShowArgs) -> String {
    let (whose, next) = match &args.tenant {
        Some(tenant) => (format!("tenant `{tenant}`"), ""),
        None => ("no tenant".into(), ", and give --tenant if it has one"),
    };
    let subscription = &args.whose.subscription;
    format!("`{subscription}` has no dead letter {} of {whose}: see `tekup dlq ls {subscription}`{next}", args.id)
}

fn with_event(letter: &DeadLetter, data: bool) -> Shown {
    let of = Letter::from(letter);
    if !data {
        return Shown { letter: of, event: None, bytes: None };
    }
    let text = String::from_utf8_lossy(&letter.bytes);
    match serde_json::from_str(&text) {
        Ok(event) => Shown { letter: of, event: Some(event), bytes: None },
        Err(_) => Shown { letter: of, event: None, bytes: Some(text.into_owned()) },
    }
}

fn tell(letter: &DeadLetter, told: &Shown, out: &mut impl Write) -> anyhow::Result<()> {
    let Letter { id, tenant, event_type, reason, attempts, first_failure, died, error } = &told.letter;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    facts(
        out,
        [
            ("id", id.to_string()),
            ("tenant", or_none(tenant.as_ref().map(ToString::to_string))),
            ("type", or_none(event_type.as_ref().map(ToString::to_string))),
            ("reason", reason.to_string()),
            ("error", shown(error, usize::MAX)),
            ("attempts", attempts.to_string()),
            ("first failure", at_or_none(*first_failure)),
            ("died", died.to_string()),
            ("envelope", envelope(letter)),
        ],
    )?;
    if let Some(event) = &told.event {
        writeln!(out, "\n{}", shown(&on_one_line(event.get()), usize::MAX))?;
    }
    if let Some(bytes) = &told.bytes {
        writeln!(out, "\n{}", shown(bytes, usize::MAX))?;
    }
    Ok(())
}

/// What is not told already, of an event that can be read.
fn envelope(letter: &DeadLetter) -> String {
    let event = match letter.event() {
        Ok(event) => event,
        Err(error) => return shown(&error.to_string(), 200),
    };
    let Envelope { version, timestamp, user, .. } = event.envelope();
    let user = user.as_ref().map_or_else(|| "no user".into(), |user| format!("user {user}"));
    let correlation = event.envelope().correlation_id();
    format!("version {version}, {user}, {timestamp}, correlation {}", shown(&correlation, 128))
}
