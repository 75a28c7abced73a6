use std::{collections::BTreeMap, str::FromStr, time::Duration};

use crate::error::{Error, Problems, shown};

/// Environment variables, of the process or of a test.
///
/// ```
/// use tekup_core::Environment;
///
/// let environment = Environment::of([("SERVICE_NAME", "billing")]);
/// assert_eq!(environment.get("SERVICE_NAME"), Some("billing"));
/// assert_eq!(environment.get("REDIS_URL"), None);
/// ```
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Shows the names alone, for values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Variables that others read: the transport, the logging.
const KNOWN_ELSEWHERE: [&str; 1] = ["EVENT_BUS_NAMESPACE"];

impl Environment {
    /// These variables and no others.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// assert!(Environment::of([("A", "1")]).get("A").is_some());
    /// ```
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The variables of this process; what is no UTF-8 is left out.
    ///
    /// ```
    /// assert!(tekup_core::Environment::of_process().get("PATH").is_some());
    /// ```
    #[must_use]
    pub fn of_process() -> Self {
        let text =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(text.collect())
    }

    /// The value of a variable, if it is set and not empty.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// assert_eq!(Environment::of([("A", "")]).get("A"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn reader<'a>(&'a self, problems: &'a mut Problems) -> Reader<'a> {
        Reader { environment: self, problems, known: KNOWN_ELSEWHERE.to_vec() }
    }
}

/// Reads variables into settings, and collects what is wrong.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    problems: &'a mut Problems,
    known: Vec<&'static str>,
}

impl Reader<'_> {
    pub(super) fn text(&mut self, name: &'static str, into: &mut String) {
        self.known.push(name);
        if let Some(value) = self.environment.get(name) {
            value.clone_into(into);
        }
    }

    pub(super) fn number<T: FromStr>(&mut self, name: &'static str, into: &mut T) {
        self.parsed(name, |number| *into = number);
    }

    /// One of some words; the type says which.
    pub(super) fn word<T: FromStr<Err = Error>>(&mut self, name: &'static str, into: &mut T) {
        self.known.push(name);
        let Some(value) = self.environment.get(name) else { return };
        match value.parse() {
            Ok(word) => *into = word,
            Err(error) => self.problems.push(format!("{name}: {error}")),
        }
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str, take: impl FnOnce(T)) {
        self.known.push(name);
        let Some(value) = self.environment.get(name) else { return };
        match value.parse() {
            Ok(number) => take(number),
            Err(_) => self.problems.push(format!("{name} is `{}`: write a whole number", shown(value))),
        }
    }

    pub(super) fn duration(&mut self, name: &'static str, unit: fn(u64) -> Duration, into: &mut Duration) {
        self.parsed(name, |number| *into = unit(number));
    }

    /// A misspelt variable would else be a setting without effect.
    pub(super) fn unknown(self) {
        let Self { environment, problems, known } = self;
        let names =
            environment.0.keys().filter(|name| name.starts_with("EVENT_BUS_") && !known.contains(&name.as_str()));
        for name in names {
            let nearest = known.iter().min_by_key(|candidate| distance(name, candidate)).copied().unwrap_or_default();
            problems.push(format!("{} is unknown: did you mean {nearest}? Else unset it", shown(name)));
        }
    }
}

/// How many letters must be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_changes_additions_and_removals() {
        for (a, b, expected) in [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("", "abc", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
