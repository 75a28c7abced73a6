use schemars::{Schema, generate::Contract};

use super::TekupEvent;
use crate::{
    ids::{EventType, SchemaVersion},
    priority::Priority,
};

/// What a registry knows of a type of event.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::TekupEvent;
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// assert_eq!(LeadCreated::descriptor().version.to_string(), "1.0.0");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EventDescriptor {
    /// What happened.
    pub event_type: EventType,
    /// The version of the data's shape.
    pub version: SchemaVersion,
    /// The priority of an event that is published without one.
    pub priority: Priority,
    /// Whether the envelope of each published event is [recorded](crate::audit).
    pub audit: bool,
    pub(super) schema: fn(Contract) -> Schema,
}

impl EventDescriptor {
    pub(crate) fn of<T: TekupEvent>() -> Self {
        Self {
            event_type: EventType::checked(T::TYPE),
            // The derive has checked it; a hand-written impl that has not gets the default.
            version: T::VERSION.parse().unwrap_or_default(),
            priority: T::PRIORITY,
            audit: T::AUDIT,
            schema: T::__schema,
        }
    }

    /// The JSON Schema (2020-12) of the data that is read: what a handler can be given. Fields with a default need not be
    /// there.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// assert_eq!(LeadCreated::descriptor().schema().get("type").unwrap(), "object");
    /// ```
    #[must_use]
    pub fn schema(&self) -> Schema {
        (self.schema)(Contract::Deserialize)
    }

    /// The JSON Schema of the data that is written: what a publisher of this version always says.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// struct LeadCreated {
    ///     #[serde(default)]
    ///     score: f64,
    /// }
    ///
    /// let descriptor = LeadCreated::descriptor();
    /// assert!(descriptor.schema().get("required").is_none());
    /// assert_eq!(descriptor.written_schema().get("required").unwrap()[0], "score");
    /// ```
    #[must_use]
    pub fn written_schema(&self) -> Schema {
        (self.schema)(Contract::Serialize)
    }
}
