use std::fmt;

use serde::Serialize;

use crate::error::shown;

/// What a setting is.
///
/// ```
/// use tekup_core::settings::Value;
///
/// assert_eq!(Value::List(vec!["acme".into(), "bolt".into()]).to_string(), "acme, bolt");
/// assert_eq!(serde_json::to_string(&Value::Number(5))?, "5");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// No limit.
    None,
    /// A whole number, in the unit of the setting.
    Number(u64),
    /// A text, or a word.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// What no setting may be, such as a fraction or a table, in words for the mistake.
    Other(String),
}

impl Value {
    pub(crate) fn of_json(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::None,
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(all) => {
                let text = |each: serde_json::Value| each.as_str().map(str::to_owned);
                Self::List(all.into_iter().filter_map(text).collect())
            }
            other => other.as_u64().map_or_else(|| Self::Other(other.to_string()), Self::Number),
        }
    }

    /// As a mistake shows it.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::Text(text) => format!("`{}`", shown(text)),
            Self::List(_) => "a list".into(),
            Self::Other(words) => shown(words),
            Self::None | Self::Number(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::List(texts) => f.write_str(&texts.join(", ")),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}
