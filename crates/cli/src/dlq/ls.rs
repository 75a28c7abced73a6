use std::io::Write;

use serde::Serialize;
use tekup_core::{
    EventId, EventType, TenantId, Timestamp,
    transport::{DeadLetter, DeadReason},
};

use super::{Whose, chosen::Chosen};
use crate::{
    Ended,
    output::{Row, shown},
    subscriptions::Page,
};

/// How much of an error a table shows, in characters.
const ERROR: usize = 80;

#[derive(Debug, clap::Args)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    page: Page,
}

/// What is told of a dead letter: all but the event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Letter {
    pub(super) id: EventId,
    pub(super) tenant: Option<TenantId>,
    pub(super) event_type: Option<EventType>,
    pub(super) reason: DeadReason,
    pub(super) attempts: u32,
    pub(super) first_failure: Option<Timestamp>,
    pub(super) died: Timestamp,
    pub(super) error: String,
}

impl From<&DeadLetter> for Letter {
    fn from(letter: &DeadLetter) -> Self {
        let DeadLetter { id, tenant, event_type, reason, attempts, first_failure, died, error, .. } = letter.clone();
        Self { id, tenant, event_type, reason, attempts, first_failure, died, error }
    }
}

impl Row<7> for Letter {
    const HEAD: [&str; 7] = ["DIED", "ID", "TENANT", "TYPE", "REASON", "ATTEMPTS", "ERROR"];

    fn cells(&self) -> [String; 7] {
        let (tenant, event_type) = (self.tenant.as_ref(), self.event_type.as_ref());
        [
            self.died.to_string(),
            self.id.to_string(),
            tenant.map_or_else(|| "-".into(), ToString::to_string),
            event_type.map_or_else(|| "-".into(), ToString::to_string),
            self.reason.to_string(),
            self.attempts.to_string(),
            shown(&self.error, ERROR),
        ]
    }
}

pub(super) fn run(args: &LsArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let bus_args = &args.whose.bus;
    bus_args.with_bus(async |bus| {
        let letters = bus.dead_letters(args.whose.subscription.to_string())?.filter(args.chosen.filter());
        let page = letters.list(args.page.after(), args.page.most()).await?;
        bus_args.format().part(out, page.letters.iter().map(Letter::from), page.next.as_deref())?;
        Ok(Ended::Well)
    })
}
