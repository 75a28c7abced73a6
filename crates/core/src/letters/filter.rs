use std::fmt;

use crate::{
    error::{Error, ErrorKind, Problems, Result, shown},
    ids::{Pattern, TenantId},
    timestamp::Timestamp,
    transport::{DeadLetter, DeadReason},
};

/// Which dead letters are meant: those of which all that is said here holds.
///
/// Mistakes are collected and reported all at once, where the filter is used. It is shown in words, on one line.
///
/// ```
/// use tekup_core::{letters::LetterFilter, transport::DeadReason};
///
/// let filter = LetterFilter::new().event_type("lead.*").tenant("acme").reason(DeadReason::Undecodable);
/// assert!(filter.check().is_ok());
///
/// let wrong = LetterFilter::new().error_contains("").attempts_at_least(5).attempts_at_most(2);
/// assert_eq!(wrong.check().unwrap_err().problems().len(), 2);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a filter does nothing until dead letters are chosen with it"]
pub struct LetterFilter {
    all: bool,
    event_type: Option<Pattern>,
    pub(super) tenant: Option<TenantId>,
    without_tenant: bool,
    error: Option<String>,
    reason: Option<DeadReason>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    at_least: Option<u32>,
    at_most: Option<u32>,
    problems: Problems,
}

impl LetterFilter {
    /// Says nothing yet, and so holds for every letter. To replay or purge with it is refused: all is meant only by
    /// [`LetterFilter::all`].
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().check().is_ok());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Every letter, said on purpose.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let dead = bus.dead_letters("crm/audit")?;
    /// assert!(dead.filter(LetterFilter::new()).purge().await.is_err());
    /// assert_eq!(dead.filter(LetterFilter::all()).purge().await?.done, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// The event's type matches a pattern.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().event_type("lead.*").check().is_ok());
    /// assert!(LetterFilter::new().event_type("Lead").check().is_err());
    /// ```
    pub fn event_type<P>(mut self, pattern: P) -> Self
    where
        P: TryInto<Pattern>,
        Error: From<P::Error>,
    {
        self.event_type = self.problems.keep(pattern.try_into().map_err(Error::from));
        self
    }

    /// The event is of this tenant.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().tenant("acme").check().is_ok());
    /// ```
    pub fn tenant<T>(mut self, tenant: T) -> Self
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        self.tenant = self.problems.keep(tenant.try_into().map_err(Error::from));
        self
    }

    /// The event has no tenant: a stranger stored it, past the bus.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().without_tenant().check().is_ok());
    /// assert!(LetterFilter::new().without_tenant().tenant("acme").check().is_err());
    /// ```
    pub fn without_tenant(mut self) -> Self {
        self.without_tenant = true;
        self
    }

    /// The error has this text in it, as it is written here.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().error_contains("no such table").check().is_ok());
    /// ```
    pub fn error_contains(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.problems
            .check(!text.is_empty(), || "the text in the error is empty: every error has it, leave it out".into());
        self.error = Some(text);
        self
    }

    /// The event is dead for this reason.
    ///
    /// ```
    /// use tekup_core::{letters::LetterFilter, transport::DeadReason};
    /// assert!(LetterFilter::new().reason(DeadReason::Crashed).check().is_ok());
    /// ```
    pub fn reason(mut self, reason: DeadReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// It died at that time or later, by the store's clock.
    ///
    /// ```
    /// use tekup_core::{Timestamp, letters::LetterFilter};
    /// assert!(LetterFilter::new().died_from(Timestamp::now()).check().is_ok());
    /// ```
    pub fn died_from(mut self, time: Timestamp) -> Self {
        self.from = Some(time);
        self
    }

    /// It died before that time, by the store's clock.
    ///
    /// ```
    /// use tekup_core::{Timestamp, letters::LetterFilter};
    ///
    /// let now = Timestamp::now();
    /// assert!(LetterFilter::new().died_before(now).check().is_ok());
    /// assert!(LetterFilter::new().died_from(now).died_before(now).check().is_err());
    /// ```
    pub fn died_before(mut self, time: Timestamp) -> Self {
        self.until = Some(time);
        self
    }

    /// So many attempts were made, or more.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().attempts_at_least(3).check().is_ok());
    /// assert!(LetterFilter::new().attempts_at_least(0).check().is_err());
    /// ```
    pub fn attempts_at_least(mut self, attempts: u32) -> Self {
        self.problems.check(attempts > 0, || "attempts of at least 0 are those of every letter: leave it out".into());
        self.at_least = Some(attempts);
        self
    }

    /// So many attempts were made, or fewer; an event that crashed its process may have made none that ended.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::new().attempts_at_most(1).check().is_ok());
    /// ```
    pub fn attempts_at_most(mut self, attempts: u32) -> Self {
        self.at_most = Some(attempts);
        self
    }

    /// Whether the filter can be used.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake at once.
    ///
    /// ```
    /// use tekup_core::letters::LetterFilter;
    /// assert!(LetterFilter::all().tenant("acme").check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        let mut problems = self.problems.clone();
        problems.check(!(self.all && self.is_narrow()), || {
            "a filter of all letters names some of them: begin with `LetterFilter::new()`".into()
        });
        problems.check(!(self.without_tenant && self.tenant.is_some()), || {
            "letters are to have a tenant and none: leave one of both out".into()
        });
        if let (Some(from), Some(until)) = (self.from, self.until) {
            problems.check(from < until, || {
                format!(
                    "letters are to have died from {from} on and before {until}, which is not later: no time is left"
                )
            });
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most) {
            problems.check(least <= most, || {
                format!("attempts are to be at least {least} and at most {most}: no number is left")
            });
        }
        problems.into_result(ErrorKind::InvalidInput)
    }

    /// Whether a letter is meant. Looks at the letter only.
    ///
    /// ```
    /// # use tekup_core::{EventId, Timestamp, transport::{DeadLetter, DeadReason}};
    /// use tekup_core::letters::LetterFilter;
    ///
    /// # let letter = DeadLetter {
    /// #     id: EventId::generate(),
    /// #     tenant: Some("acme".parse()?),
    /// #     priority: None,
    /// #     event_type: Some("lead.created".parse()?),
    /// #     reason: DeadReason::Undecodable,
    /// #     error: "data can't be decoded".into(),
    /// #     attempts: 1,
    /// #     first_failure: None,
    /// #     died: Timestamp::now(),
    /// #     bytes: "not json".into(),
    /// # };
    /// assert!(LetterFilter::new().event_type("lead.*").matches(&letter));
    /// assert!(!LetterFilter::new().tenant("globex").matches(&letter));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let typed = |pattern: &Pattern| letter.event_type.as_ref().is_some_and(|name| pattern.matches(name));
        self.event_type.as_ref().is_none_or(typed)
            && self.tenant.as_ref().is_none_or(|tenant| letter.tenant.as_ref() == Some(tenant))
            && (!self.without_tenant || letter.tenant.is_none())
            && self.error.as_ref().is_none_or(|text| letter.error.contains(text.as_str()))
            && self.reason.is_none_or(|reason| letter.reason == reason)
            && self.from.is_none_or(|from| letter.died >= from)
            && !self.is_past(letter)
            && self.at_least.is_none_or(|least| letter.attempts >= least)
            && self.at_most.is_none_or(|most| letter.attempts <= most)
    }

    /// Whether this letter, and so every one behind it, died too late.
    pub(super) fn is_past(&self, letter: &DeadLetter) -> bool {
        self.until.is_some_and(|until| letter.died >= until)
    }

    /// Whether it says anything but the tenant.
    pub(super) fn looks_at_letters(&self) -> bool {
        let bounds = [self.at_least.is_some(), self.at_most.is_some(), self.from.is_some(), self.until.is_some()];
        let kinds = [self.event_type.is_some(), self.without_tenant, self.error.is_some(), self.reason.is_some()];
        bounds.into_iter().chain(kinds).any(|is_said| is_said)
    }

    fn is_narrow(&self) -> bool {
        self.looks_at_letters() || self.tenant.is_some()
    }

    /// Whether it means all letters though nobody said so.
    pub(super) fn is_silent(&self) -> bool {
        !self.all && !self.is_narrow()
    }

    /// Letters without a tenant are no tenant's.
    pub(super) fn wants_none(&self) -> bool {
        self.without_tenant
    }
}

impl fmt::Display for LetterFilter {
    /// In words, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            self.event_type.as_ref().map(|pattern| format!("type {pattern}")),
            self.tenant.as_ref().map(|tenant| format!("tenant {tenant}")),
            self.without_tenant.then(|| "without a tenant".into()),
            self.error.as_ref().map(|text| format!("error contains \"{}\"", shown(text))),
            self.reason.map(|reason| format!("reason {reason}")),
            self.from.map(|time| format!("died from {time}")),
            self.until.map(|time| format!("died before {time}")),
            self.at_least.map(|attempts| format!("attempts at least {attempts}")),
            self.at_most.map(|attempts| format!("attempts at most {attempts}")),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        f.write_str(if said.is_empty() { "all" } else { "" })?;
        f.write_str(&said.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventId;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn letter() -> DeadLetter {
        DeadLetter {
            priority: None,
            id: EventId::generate(),
            tenant: Some("acme".parse().unwrap()),
            event_type: Some("lead.created".parse().unwrap()),
            reason: DeadReason::Rejected,
            error: "no such Table: leads".into(),
            attempts: 3,
            first_failure: None,
            died: at(1_000),
            bytes: "{}".into(),
        }
    }

    #[test]
    fn a_letter_matches_if_all_that_is_said_holds() {
        let new = LetterFilter::new;
        let table = [
            (new(), true),
            (LetterFilter::all(), true),
            (new().event_type("lead.*"), true),
            (new().event_type("lead.created"), true),
            (new().event_type("lead.crea"), false),
            (new().tenant("acme"), true),
            (new().tenant("acm"), false),
            (new().without_tenant(), false),
            (new().error_contains("Table: l"), true),
            (new().error_contains("table"), false),
            (new().reason(DeadReason::Rejected), true),
            (new().reason(DeadReason::Crashed), false),
            (new().died_from(at(1_000)), true),
            (new().died_from(at(1_001)), false),
            (new().died_before(at(1_001)), true),
            (new().died_before(at(1_000)), false),
            (new().attempts_at_least(3), true),
            (new().attempts_at_least(4), false),
            (new().attempts_at_most(3), true),
            (new().attempts_at_most(2), false),
            (new().tenant("acme").event_type("lead.*").attempts_at_most(3).error_contains("leads"), true),
            (new().tenant("acme").event_type("lead.*").attempts_at_most(3).error_contains("deals"), false),
        ];
        for (filter, expected) in table {
            assert!(filter.check().is_ok(), "{filter:?}");
            assert_eq!(filter.matches(&letter()), expected, "{filter:?}");
        }
    }

    #[test]
    fn a_strangers_letter_matches_neither_a_tenant_nor_a_type_that_it_has_not() {
        let stranger = DeadLetter { tenant: None, event_type: None, ..letter() };
        assert!(LetterFilter::new().without_tenant().matches(&stranger));
        assert!(!LetterFilter::new().tenant("acme").matches(&stranger));
        assert!(!LetterFilter::new().event_type("*").matches(&stranger));
    }

    #[test]
    fn a_filter_is_told_in_words() {
        assert_eq!(LetterFilter::all().to_string(), "all");
        let filter = LetterFilter::new().event_type("lead.*").tenant("acme").error_contains("no\ntable");
        let filter = filter.reason(DeadReason::Crashed).died_before(at(1_000)).attempts_at_least(3);
        let words = r#"type lead.*, tenant acme, error contains "no\ntable", reason crashed, died before 1970-01-01T00:00:01.000Z, attempts at least 3"#;
        assert_eq!(filter.to_string(), words);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let wrong = LetterFilter::all()
            .event_type("Lead")
            .tenant("a b")
            .error_contains("")
            .attempts_at_least(0)
            .died_from(at(2))
            .died_before(at(1));
        let error = wrong.check().unwrap_err();
        assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidInput, 6), "{error}");
        let rest = LetterFilter::new().tenant("acme").without_tenant().attempts_at_least(3).attempts_at_most(2);
        assert_eq!(rest.check().unwrap_err().problems().len(), 2);
    }

    #[test]
    fn all_is_meant_only_where_it_is_said() {
        assert!(LetterFilter::new().is_silent());
        assert!(!LetterFilter::all().is_silent() && !LetterFilter::new().tenant("acme").is_silent());
    }
}
