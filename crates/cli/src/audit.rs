//! `tekup audit`.

use std::io::Write;

use clap::ValueEnum;
use tekup_core::{
    TenantId,
    audit::{ActionRecord, AuditKind, AuditPage, AuditRecord, EventRecord},
};

use crate::{
    Ended,
    output::{Format, line, shown, table, tell_next},
    server::BusArgs,
    subscriptions::Page,
};

/// How much of a text a table shows, in characters.
const TEXT: usize = 80;

#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    /// Only of this kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// Only what can reach events of this tenant.
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// What operators did.
    Actions,
    /// Which sensitive events were published.
    Events,
}

impl From<Kind> for AuditKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Actions => Self::Actions,
            Kind::Events => Self::Events,
        }
    }
}

pub(crate) fn run(args: &AuditArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let (kind, after, most) = (args.kind.map(Into::into), args.page.after(), args.page.most());
        let page = match &args.tenant {
            Some(tenant) => bus.tenant(tenant.clone())?.audit(kind, after, most).await?,
            None => bus.audit(kind, after, most).await?,
        };
        tell(&page, args.bus.format(), out)?;
        Ok(Ended::Well)
    })
}

fn tell(page: &AuditPage, format: Format, out: &mut impl Write) -> anyhow::Result<()> {
    match format {
        Format::Table => table(out, ["AT", "WHO", "WHAT", "ON", "TENANT", "HOW MANY", "ENDED"], rows(page))?,
        // It holds where it goes on.
        Format::Json => return crate::output::json(out, page),
        Format::Ndjson => page.records.iter().try_for_each(|record| line(out, record))?,
    }
    tell_next(page.next.as_deref());
    Ok(())
}

fn rows(page: &AuditPage) -> impl Iterator<Item = [String; 7]> {
    page.records.iter().filter_map(|record| match record {
        AuditRecord::Action(action) => Some(action_cells(action)),
        AuditRecord::Published(event) => Some(event_cells(event)),
        _ => None,
    })
}

fn action_cells(ActionRecord { began, action, .. }: &ActionRecord) -> [String; 7] {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let on = [action.subscription.as_ref().map(ToString::to_string), action.event.map(|id| id.to_string())];
    let on = on.into_iter().flatten().chain(action.detail.clone()).collect::<Vec<_>>().join(" ");
    let (count, ended) = match &action.end {
        Some(end) => (end.count.to_string(), format!("{} {}", end.outcome, end.error.as_deref().unwrap_or_default())),
        None => ("-".into(), "under way, or its process died".into()),
    };
    [
        began.to_string(),
        shown(&format!("{} by {}", action.operator, action.service), TEXT),
        action.kind.to_string(),
        shown(&on, TEXT),
        or_none(action.tenant.as_ref().map(ToString::to_string)),
        count,
        shown(ended.trim_end(), TEXT),
    ]
}

fn event_cells(EventRecord { at, event, .. }: &EventRecord) -> [String; 7] {
    let user = event.user.as_ref().map_or("-", |user| user.as_str());
    let by = event.service.as_ref().map_or_else(String::new, |service| format!(" by {service}"));
    [
        at.to_string(),
        shown(&format!("{user}{by}"), TEXT),
        "publish".into(),
        format!("{} {}", event.event_type, event.id),
        event.tenant.to_string(),
        "1".into(),
        "done".into(),
    ]
}
