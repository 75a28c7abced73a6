use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event_type::LONGEST;
use crate::error::{Error, ErrorKind, Result, shown};

/// Which event types a subscription takes.
///
/// `*` stands for any run of characters, dots included, and none; the whole type must match: `support.*` takes
/// `support.session.started`, and `lead.*` does not take `xlead.created`. At most 128 bytes.
///
/// ```
/// use tekup_core::Pattern;
///
/// let pattern: Pattern = "support.*".parse()?;
/// assert!(pattern.matches("support.session.started"));
/// assert!(!pattern.matches("lead.created"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Checks the text against the rule of patterns.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`], with the rule that the text breaks.
    ///
    /// ```
    /// use tekup_core::Pattern;
    /// assert!(Pattern::new("*.created").is_ok());
    /// assert!(Pattern::new("lead.[a-z]+").is_err());
    /// ```
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        if let Some(broken) = broken_by(text) {
            let message = format!(
                "pattern `{}` {broken}: write an event type in which `*` stands for any run of characters, such as `lead.*`",
                shown(text)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Self(text.into()))
    }

    /// The text.
    ///
    /// ```
    /// assert_eq!(tekup_core::Pattern::new("lead.*")?.as_str(), "lead.*");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern takes the type. Linear in practice: it never backtracks over more than one `*`.
    ///
    /// ```
    /// let pattern = tekup_core::Pattern::new("a.*.c")?;
    /// assert!(pattern.matches("a.b.d.c"));
    /// assert!(!pattern.matches("a.c"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, event_type: impl AsRef<str>) -> bool {
        glob(self.0.as_bytes(), event_type.as_ref().as_bytes())
    }
}

/// Two pointers: on a mismatch, the last `*` takes one character more.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if let Some((star_at, taken)) = star {
            star = Some((star_at, taken + 1));
            p = star_at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

fn broken_by(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if text.len() > LONGEST {
        return Some(format!("has {} bytes, {LONGEST} are allowed", text.len()));
    }
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '.' | '*')) {
        return Some(format!("holds {bad:?}"));
    }
    if text.contains("**") {
        return Some("has two `*` in a row".into());
    }
    if text.split('.').any(str::is_empty) {
        return Some("has an empty word".into());
    }
    (!text.contains(['.', '*'])).then(|| "matches no event type, for each has two or more words".into())
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Pattern {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Pattern {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<super::EventType> for Pattern {
    fn from(event_type: super::EventType) -> Self {
        Self(event_type.as_str().into())
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_refused_with_the_rule_that_they_break() {
        let long = format!("{}*", "a".repeat(128));
        let table: [(&str, &str); 9] = [
            ("", "is empty"),
            ("lead", "matches no event type"),
            ("Lead.*", "holds 'L'"),
            ("lead.?", "holds '?'"),
            ("a**", "two `*` in a row"),
            ("lead..x", "has an empty word"),
            ("lead.", "has an empty word"),
            ("a b*", "holds ' '"),
            (&long, "has 129 bytes"),
        ];
        for (text, broken) in table {
            let message = Pattern::new(text).unwrap_err().to_string();
            assert!(message.contains(broken), "{text}: {message}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_decided_quickly() {
        let pattern = Pattern::new("*a".repeat(60)).unwrap();
        let started = std::time::Instant::now();
        assert!(!pattern.matches(format!("{}b", "a".repeat(127))));
        assert!(started.elapsed() < std::time::Duration::from_millis(100));
    }
}
