//! Which dead letters are meant.

use tekup_core::{Pattern, TenantId, Timestamp, letters::LetterFilter, transport::DeadReason};

use crate::units::moment;

/// Which dead letters: those of which all that is said holds.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which")]
pub(super) struct Chosen {
    /// Events of types that match, such as `lead.*`.
    #[arg(long = "type", value_name = "PATTERN")]
    event_type: Option<Pattern>,
    /// Events of a tenant.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Events of no tenant: what could not be read.
    #[arg(long, conflicts_with = "tenant")]
    without_tenant: bool,
    /// Those whose error holds this text.
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// Those that died for this reason.
    #[arg(long, value_parser = reason)]
    reason: Option<DeadReason>,
    /// Those that died at this time or later: a time, or how long ago, such as `2h`.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Those that died before this time: a time, or how long ago, such as `10min`.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<Timestamp>,
    /// Those with at least so many attempts.
    #[arg(long, value_name = "ATTEMPTS")]
    min_attempts: Option<u32>,
    /// Those with at most so many attempts.
    #[arg(long, value_name = "ATTEMPTS")]
    max_attempts: Option<u32>,
}

impl Chosen {
    /// Whether nothing is said, so that all are meant.
    pub(super) const fn is_silent(&self) -> bool {
        let Self { event_type, tenant, without_tenant, error, reason, since, before, min_attempts, max_attempts } =
            self;
        let text = event_type.is_none() && tenant.is_none() && !*without_tenant && error.is_none() && reason.is_none();
        text && since.is_none() && before.is_none() && min_attempts.is_none() && max_attempts.is_none()
    }

    /// Of those, the ones that had died by then, by the clock of the store.
    pub(super) fn until(&self, now: Timestamp) -> LetterFilter {
        let narrow = if self.is_silent() { LetterFilter::new() } else { self.filter() };
        narrow.died_before(self.before.map_or(now, |before| before.min(now)))
    }

    pub(super) fn filter(&self) -> LetterFilter {
        let mut filter = if self.is_silent() { LetterFilter::all() } else { LetterFilter::new() };
        if let Some(pattern) = &self.event_type {
            filter = filter.event_type(pattern.as_str());
        }
        if let Some(tenant) = &self.tenant {
            filter = filter.tenant(tenant.clone());
        }
        if self.without_tenant {
            filter = filter.without_tenant();
        }
        if let Some(error) = &self.error {
            filter = filter.error_contains(error);
        }
        filter = self.reason.into_iter().fold(filter, LetterFilter::reason);
        filter = self.since.into_iter().fold(filter, LetterFilter::died_from);
        filter = self.before.into_iter().fold(filter, LetterFilter::died_before);
        filter = self.min_attempts.into_iter().fold(filter, LetterFilter::attempts_at_least);
        self.max_attempts.into_iter().fold(filter, LetterFilter::attempts_at_most)
    }
}

fn reason(text: &str) -> Result<DeadReason, String> {
    let names = || DeadReason::ALL.map(DeadReason::as_str).join(", ");
    let found = DeadReason::ALL.into_iter().find(|reason| reason.as_str() == text);
    found.ok_or_else(|| format!("it is one of {}", names()))
}
