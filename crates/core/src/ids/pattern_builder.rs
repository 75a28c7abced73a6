use super::{EventType, Pattern, event_type::words_broken_by};
use crate::error::{Error, ErrorKind, Problems, Result, shown};

/// Patterns by what they mean: a type, all of a service, all of a category, or any pattern.
///
/// Each part is an alternative. `service("support").category("resolved")` takes what is `support.*` *or* `*.resolved`;
/// for both at once write `pattern("support.*.resolved")`. Mistakes are collected and reported all at once, where the
/// patterns are built or subscribed to.
///
/// ```
/// use tekup_core::{PatternBuilder, RawEvent, Subscription};
///
/// let answers = PatternBuilder::new().service("support").category("resolved");
/// let subscription = Subscription::matching("answers", answers.clone()).handler(async |_: RawEvent, _| ());
/// # drop(subscription);
///
/// let patterns = answers.build()?;
/// assert_eq!(patterns, ["support.*".parse()?, "*.resolved".parse()?]);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "patterns do nothing until something subscribes to them"]
pub struct PatternBuilder {
    parts: Vec<Pattern>,
    /// With those that are mistakes; one that is given twice is one.
    given: usize,
    problems: Problems,
}

impl PatternBuilder {
    /// Has no part yet.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// assert!(PatternBuilder::new().build().is_err());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Events of this type.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// let pattern = PatternBuilder::new().event_type("lead.created").build_single()?;
    /// assert_eq!(pattern.as_str(), "lead.created");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn event_type<T>(self, event_type: T) -> Self
    where
        T: TryInto<EventType>,
        Error: From<T::Error>,
    {
        self.part(event_type.try_into().map(Pattern::from).map_err(Error::from))
    }

    /// Events whose type begins with this word, or these: `support` stands for `support.*`.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// let pattern = PatternBuilder::new().service("support.session").build_single()?;
    /// assert_eq!(pattern.as_str(), "support.session.*");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn service(self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.part(words("service", name).and_then(|()| Pattern::new(format!("{name}.*"))))
    }

    /// Events whose type ends with this word, or these: `resolved` stands for `*.resolved`.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// let pattern = PatternBuilder::new().category("resolved").build_single()?;
    /// assert_eq!(pattern.as_str(), "*.resolved");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn category(self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.part(words("category", name).and_then(|()| Pattern::new(format!("*.{name}"))))
    }

    /// Events that a [`Pattern`] takes.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// let pattern = PatternBuilder::new().pattern("support.*.resolved").build_single()?;
    /// assert!(pattern.matches("support.session.resolved"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn pattern<P>(self, pattern: P) -> Self
    where
        P: TryInto<Pattern>,
        Error: From<P::Error>,
    {
        self.part(pattern.try_into().map_err(Error::from))
    }

    fn part(mut self, part: Result<Pattern>) -> Self {
        let part = self.problems.keep(part);
        if part.as_ref().is_none_or(|part| !self.parts.contains(part)) {
            self.given += 1;
            self.parts.extend(part);
        }
        self
    }

    /// All parts, in the order in which they were given.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake, or if no part was given.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// assert_eq!(PatternBuilder::new().service("lead").category("completed").build()?.len(), 2);
    ///
    /// let error = PatternBuilder::new().service("*").category("").build().unwrap_err();
    /// assert_eq!(error.problems().len(), 2);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn build(mut self) -> Result<Vec<Pattern>> {
        self.problems.check(self.given > 0, || {
            "pattern has no part: give an event type, a service, a category or a pattern".into()
        });
        self.problems.into_result(ErrorKind::InvalidInput)?;
        Ok(self.parts)
    }

    /// The only part.
    ///
    /// # Errors
    /// As [`build`](PatternBuilder::build), and for several parts, which no single pattern says.
    ///
    /// ```
    /// use tekup_core::PatternBuilder;
    /// let error = PatternBuilder::new().service("support").category("resolved").build_single().unwrap_err();
    /// assert!(error.to_string().contains("`support.*`, `*.resolved`"), "{error}");
    /// ```
    pub fn build_single(mut self) -> Result<Pattern> {
        self.problems.check(self.given <= 1, || {
            let parts: Vec<_> = self.parts.iter().map(|part| format!("`{part}`")).collect();
            format!(
                "pattern has {} parts ({}), which no single one says: use the list that `build` makes",
                self.given,
                parts.join(", ")
            )
        });
        let only = self.build()?.into_iter().next();
        only.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "pattern has no part"))
    }
}

/// A `*` or a half word would make another pattern of it than was meant.
fn words(what: &str, name: &str) -> Result<()> {
    let Some(broken) = words_broken_by(name) else { return Ok(()) };
    let message = format!(
        "{what} `{}` {broken}: write one or more words joined by `.`, each of lower-case letters, digits and inner `-`",
        shown(name)
    );
    Err(Error::new(ErrorKind::InvalidInput, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_part_makes_its_pattern() {
        let new = PatternBuilder::new;
        let table = [
            (new().event_type("lead.created"), "lead.created"),
            (new().service("support"), "support.*"),
            (new().service("support.session"), "support.session.*"),
            (new().service("buying-signal"), "buying-signal.*"),
            (new().category("resolved"), "*.resolved"),
            (new().category("session.resolved"), "*.session.resolved"),
            (new().pattern("l*d.created"), "l*d.created"),
            (new().pattern(String::from("*")), "*"),
            (new().service("lead").pattern("lead.*"), "lead.*"),
        ];
        for (builder, pattern) in table {
            assert_eq!(builder.build_single().unwrap().as_str(), pattern);
        }
    }

    #[test]
    fn words_that_would_change_the_meaning_are_refused_by_name() {
        let long = "a".repeat(127);
        let table = [
            ("", "is empty"),
            ("*", "holds '*'"),
            ("lead*", "holds '*'"),
            ("lead.*", "holds '*'"),
            ("lead.", "has \"\" as a word"),
            (".lead", "has \"\" as a word"),
            ("-", "has \"-\" as a word"),
            ("Lead", "holds 'L'"),
            ("1lead", "has \"1lead\" as a word"),
            (&long, "has 129 bytes"),
        ];
        for (name, broken) in table {
            for builder in [PatternBuilder::new().service(name), PatternBuilder::new().category(name)] {
                let error = builder.build().unwrap_err();
                assert!(error.to_string().contains(broken), "{name}: {error}");
            }
        }
    }

    #[test]
    fn all_mistakes_of_a_builder_are_told_at_once() {
        let wrong =
            PatternBuilder::new().event_type("lead.*").service("*").category("").pattern("Lead").service("lead");
        assert_eq!(wrong.clone().build().unwrap_err().problems().len(), 4);
        let error = wrong.build_single().unwrap_err();
        assert!(error.problems()[4].contains("has 5 parts (`lead.*`)"), "{error}");
    }

    #[test]
    fn several_parts_are_no_single_pattern_and_the_error_names_them_and_the_list() {
        let error = PatternBuilder::new().service("support").category("resolved").build_single().unwrap_err();
        let told = "pattern has 2 parts (`support.*`, `*.resolved`), which no single one says: use the list that `build` makes";
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, told));
    }

    #[test]
    fn without_a_part_there_is_no_pattern() {
        for error in [PatternBuilder::new().build().unwrap_err(), PatternBuilder::new().build_single().unwrap_err()] {
            assert_eq!(
                error.problems(),
                ["pattern has no part: give an event type, a service, a category or a pattern"]
            );
        }
    }
}
