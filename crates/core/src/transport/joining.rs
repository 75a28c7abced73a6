use super::{Registration, SourceSpec};
use crate::{
    error::{Error, ErrorKind},
    ids::{Pattern, TenantId},
    rate_limit::RateLimit,
};

/// What subscribing does to the patterns and tenants that are registered under its name.
///
/// ```
/// use tekup_core::transport::{Joining, SourceSpec};
///
/// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
/// assert_eq!(spec.joining(None), Joining::New);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Joining {
    /// Nothing is registered: it begins.
    New,
    /// The same is registered, perhaps with a smaller revision.
    Same,
    /// Others are registered, with a smaller revision, or neither has one: these take their place.
    TakesOver,
    /// Others are registered, with a larger revision: they stay, and this replica takes what both take.
    Behind,
    /// Others are registered with the same revision: it is refused.
    Conflict,
}

impl Joining {
    /// A stable name.
    ///
    /// ```
    /// assert_eq!(tekup_core::transport::Joining::TakesOver.as_str(), "takes_over");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::TakesOver => "takes_over",
            Self::Behind => "behind",
            Self::Conflict => "conflict",
        }
    }
}

impl std::fmt::Display for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SourceSpec {
    /// What opening it does to what is registered. Transports ask before they change anything.
    ///
    /// ```
    /// use tekup_core::transport::{Joining, Registration, SourceSpec};
    ///
    /// let mut spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// let known = Registration { revision: 7, ..Registration::new(vec!["lead.*".parse()?], Vec::new()) };
    /// assert_eq!(spec.joining(Some(&known)), Joining::Behind);
    /// spec.revision = 8;
    /// assert_eq!(spec.joining(Some(&known)), Joining::TakesOver);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn joining(&self, known: Option<&Registration>) -> Joining {
        let Some(known) = known else { return Joining::New };
        if known.is_of(&self.patterns, &self.tenants) {
            return Joining::Same;
        }
        match self.revision.cmp(&known.revision) {
            std::cmp::Ordering::Greater => Joining::TakesOver,
            std::cmp::Ordering::Less => Joining::Behind,
            std::cmp::Ordering::Equal if self.revision == 0 => Joining::TakesOver,
            std::cmp::Ordering::Equal => Joining::Conflict,
        }
    }

    /// The error of two deploys that disagree: [`ErrorKind::Conflict`].
    ///
    /// ```
    /// use tekup_core::transport::{Registration, SourceSpec};
    ///
    /// let mut spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// spec.revision = 7;
    /// let known = Registration { revision: 7, ..Registration::new(vec!["lead.*".parse()?], Vec::new()) };
    /// let message = spec.refusal(&known).to_string();
    /// assert!(message.contains("invoice.*") && message.contains("lead.*") && message.contains("revision 7"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn refusal(&self, known: &Registration) -> Error {
        let message = format!(
            "subscription `{}` with {} is refused: revision {} of it is registered with {}; raise the revision of the deploy that is right",
            self.id,
            lists(&self.patterns, &self.tenants),
            self.revision,
            known.lists(),
        );
        Error::new(ErrorKind::Conflict, message)
    }

    /// The line in which a deploy that nobody counts says that it takes a subscription over from one that still runs.
    ///
    /// ```
    /// use tekup_core::transport::{Registration, SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// let known = Registration::new(vec!["lead.*".parse()?], Vec::new());
    /// assert!(spec.taking_over(&known).contains("EVENT_BUS_REVISION"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn taking_over(&self, known: &Registration) -> String {
        format!(
            "two deploys disagree: one takes {}, the other {}, and the newest process wins; number the deploys \
             (EVENT_BUS_REVISION), so that an old process that restarts does not take over",
            lists(&self.patterns, &self.tenants),
            known.lists(),
        )
    }

    /// The line in which a replica that is behind says so.
    ///
    /// ```
    /// use tekup_core::transport::{Registration, SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// let known = Registration { revision: 7, ..Registration::new(vec!["lead.*".parse()?], Vec::new()) };
    /// assert!(spec.lag(&known).contains("revision 7"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn lag(&self, known: &Registration) -> String {
        format!(
            "this replica is behind: it takes {} (revision {}), registered are {} (revision {}); it reads what both take",
            lists(&self.patterns, &self.tenants),
            self.revision,
            known.lists(),
            known.revision,
        )
    }
}

impl SourceSpec {
    /// The error of two deploys of one revision that declare different rate limits: [`ErrorKind::Conflict`].
    ///
    /// ```
    /// use tekup_core::{RateLimit, transport::SourceSpec};
    ///
    /// let mut spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// spec.revision = 7;
    /// let message = spec.limit_refusal(Some(RateLimit::per_second(100))).to_string();
    /// assert!(message.contains("revision 7") && message.contains("a rate limit of 100 in 1s"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn limit_refusal(&self, declared: Option<RateLimit>) -> Error {
        let message = format!(
            "subscription `{}` with {} is refused: revision {} of it has declared {}; raise the revision of the deploy that is right",
            self.id,
            limit(self.rate_limit),
            self.revision,
            limit(declared),
        );
        Error::new(ErrorKind::Conflict, message)
    }

    /// The line in which a replica says that its rate limit is older than the one that was declared.
    ///
    /// ```
    /// use tekup_core::{RateLimit, transport::SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// assert!(spec.limit_lag(Some(RateLimit::per_second(100)), 7).contains("revision 7"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn limit_lag(&self, declared: Option<RateLimit>, revision: u64) -> String {
        format!(
            "this replica is behind: it declares {} (revision {}), which counts for nothing beside {} (revision {revision})",
            limit(self.rate_limit),
            self.revision,
            limit(declared),
        )
    }
}

fn limit(limit: Option<RateLimit>) -> String {
    limit.map_or_else(|| "no rate limit".into(), |limit| format!("a rate limit of {limit}"))
}

/// As people write them: `invoice.*, lead.created of acme`.
pub(super) fn lists(patterns: &[Pattern], tenants: &[TenantId]) -> String {
    let patterns: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
    let tenants: Vec<_> = tenants.iter().map(TenantId::as_str).collect();
    let of = if tenants.is_empty() { String::new() } else { format!(" of {}", tenants.join(", ")) };
    format!("`{}`{of}", patterns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(revision: u64, patterns: &[&str]) -> SourceSpec {
        let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        SourceSpec { revision, ..SourceSpec::new("billing/ledger".parse().unwrap(), patterns) }
    }

    fn known(revision: u64) -> Registration {
        let patterns = ["lead.*", "invoice.*"].map(|pattern| pattern.parse().unwrap());
        Registration { revision, ..Registration::new(patterns.to_vec(), Vec::new()) }
    }

    #[test]
    fn the_larger_revision_wins_and_equals_that_disagree_are_refused() {
        let table = [
            (0, 0, Joining::TakesOver),
            (1, 0, Joining::TakesOver),
            (0, 1, Joining::Behind),
            (3, 3, Joining::Conflict),
            (4, 3, Joining::TakesOver),
            (3, 4, Joining::Behind),
        ];
        for (mine, theirs, joining) in table {
            assert_eq!(spec(mine, &["lead.*"]).joining(Some(&known(theirs))), joining, "{mine} meets {theirs}");
        }
    }

    #[test]
    fn lists_are_the_same_in_any_order_and_with_repetitions() {
        for revision in [0, 3, 9] {
            let same = spec(revision, &["invoice.*", "lead.*", "invoice.*"]);
            assert_eq!(same.joining(Some(&known(3))), Joining::Same);
        }
        let mut other = spec(3, &["invoice.*", "lead.*"]);
        other.tenants = vec!["acme".parse().unwrap()];
        assert_eq!(other.joining(Some(&known(3))), Joining::Conflict);
        let message = other.refusal(&known(3)).to_string();
        assert!(message.contains("`invoice.*, lead.*` of acme"), "{message}");
        assert!(message.contains("raise the revision of the deploy that is right"), "{message}");
    }
}
