use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result, shown};

/// What happened: lower-case words joined by `.`, such as `lead.created` or `buying-signal.detected`.
///
/// A word is `[a-z][a-z0-9]*(-[a-z0-9]+)*`; a type has two or more words and at most 128 bytes.
///
/// ```
/// use tekup_core::EventType;
///
/// let event_type: EventType = "support.session.started".parse()?;
/// assert_eq!(event_type.as_str(), "support.session.started");
/// assert!("LeadCreated".parse::<EventType>().is_err());
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone)]
pub struct EventType(Text);

#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Shared(Arc<str>),
}

/// The longest type and the longest pattern, in bytes.
pub(crate) const LONGEST: usize = 128;

impl EventType {
    /// Checks the text against the rule of event types.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`], with the rule that the text breaks.
    ///
    /// ```
    /// use tekup_core::EventType;
    /// assert!(EventType::new("invoice.paid").is_ok());
    /// assert!(EventType::new("invoice").is_err());
    /// ```
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        if let Some(broken) = broken_by(text) {
            let message = format!(
                "event type `{}` {broken}: write two or more words joined by `.`, each of lower-case letters, digits and inner `-`, such as `invoice.paid`",
                shown(text)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Self(Text::Shared(text.into())))
    }

    /// A type that the derive has checked at compile time.
    pub(crate) const fn checked(text: &'static str) -> Self {
        Self(Text::Fixed(text))
    }

    /// The text.
    ///
    /// ```
    /// let event_type = tekup_core::EventType::new("invoice.paid")?;
    /// assert_eq!(event_type.as_str(), "invoice.paid");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Fixed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

fn broken_by(text: &str) -> Option<String> {
    words_broken_by(text).or_else(|| (!text.contains('.')).then(|| "has one word only".into()))
}

/// What is wrong with words joined by `.`, of which there may be one.
pub(super) fn words_broken_by(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if text.len() > LONGEST {
        return Some(format!("has {} bytes, {LONGEST} are allowed", text.len()));
    }
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '.')) {
        return Some(format!("holds {bad:?}"));
    }
    text.split('.').find(|word| !is_word(word)).map(|word| format!("has {word:?} as a word"))
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.split('-').all(|part| !part.is_empty())
}

impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for EventType {}

impl PartialOrd for EventType {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventType {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for EventType {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl AsRef<str> for EventType {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for EventType {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<&str> for EventType {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for EventType {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<&EventType> for EventType {
    fn from(event_type: &EventType) -> Self {
        event_type.clone()
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_or_refused_with_the_rule_that_they_break() {
        let long = format!("a.{}", "b".repeat(127));
        let table: [(&str, Option<&str>); 16] = [
            ("lead.created", None),
            ("buying-signal.detected", None),
            ("support.session.started", None),
            ("a1.b2-c3", None),
            ("", Some("is empty")),
            ("lead", Some("has one word only")),
            ("Lead.created", Some("holds 'L'")),
            ("lead_x.created", Some("holds '_'")),
            ("lead..created", Some("has \"\" as a word")),
            (".lead.created", Some("has \"\" as a word")),
            ("lead.created.", Some("has \"\" as a word")),
            ("1lead.created", Some("has \"1lead\" as a word")),
            ("lead-.created", Some("has \"lead-\" as a word")),
            ("le--ad.created", Some("has \"le--ad\" as a word")),
            ("lead.*", Some("holds '*'")),
            (&long, Some("has 129 bytes")),
        ];
        for (text, broken) in table {
            match (EventType::new(text), broken) {
                (Ok(event_type), None) => assert_eq!(event_type.as_str(), text),
                (Err(error), Some(broken)) => assert!(error.to_string().contains(broken), "{text}: {error}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }
}
