use std::{borrow::Cow, cell::Cell, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A value of a closed set that was added to it after this program was built.
///
/// Put it into the last variant of an enum, and readers keep such a value instead of failing. It is made by reading alone,
/// and it can't be published: whoever wants to say it must know it. The JSON Schema lists the known values, and says by
/// `x-tekup-keeps-unknown` that readers keep others.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_core::{Event, ErrorKind, RawEvent, TekupEvent, UnknownValue};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
/// #[serde(rename_all = "snake_case")]
/// enum Channel {
///     Chat,
///     Email,
///     #[serde(untagged)]
///     Unknown(UnknownValue),
/// }
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
/// struct SessionStarted {
///     channel: Channel,
/// }
///
/// let stored = SessionStarted { channel: Channel::Chat }.event("acme").build()?.to_json()?;
/// let newer = String::from_utf8_lossy(&stored).replace("chat", "hologram");
///
/// let event = Event::<SessionStarted>::parse(newer)?;
/// assert!(matches!(&event.data.channel, Channel::Unknown(value) if value.as_str() == "hologram"));
/// let error = event.to_json().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert!(error.to_string().contains("`data.channel`"), "{error}");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct UnknownValue(Box<str>);

thread_local! {
    /// Whether one was written on this thread since it was last forgotten. A serializer of another crate is told of no
    /// names, so that one was written can't be seen in what is written.
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
}

impl UnknownValue {
    /// By which a serializer of ours knows it.
    pub(crate) const NAME: &'static str = "$tekup::UnknownValue";

    /// By which the maker of schemas knows it.
    pub(crate) const SCHEMA: &'static str = "tekup::UnknownValue";

    /// The value.
    ///
    /// ```
    /// let value: tekup_core::UnknownValue = serde_json::from_str("\"hologram\"").unwrap();
    /// assert_eq!(value.as_str(), "hologram");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn forget_written() {
        WRITTEN.set(false);
    }

    pub(crate) fn was_written() -> bool {
        WRITTEN.get()
    }
}

impl JsonSchema for UnknownValue {
    fn schema_name() -> Cow<'static, str> {
        Self::SCHEMA.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UnknownValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WRITTEN.set(true);
        serializer.serialize_newtype_struct(Self::NAME, &self.0)
    }
}
