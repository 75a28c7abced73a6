use serde_json::Value;
use tekup_core::{EventDescriptor, EventType, Priority, SchemaVersion};

/// What one version of an event promises: what its writers write, and what its readers read.
///
/// The two differ: a field with a default is always written, and need not be there to be read.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_contracts::Contract;
/// use tekup_core::TekupEvent;
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// struct LeadCreated {
///     #[serde(default)]
///     score: f64,
/// }
///
/// let contract = Contract::of(&LeadCreated::descriptor());
/// assert_eq!(contract.event_type.as_str(), "lead.created");
/// assert!(contract.reads.get("required").is_none());
/// assert_eq!(contract.writes["required"][0], "score");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contract {
    /// The event.
    pub event_type: EventType,
    /// The version of its data.
    pub version: SchemaVersion,
    /// Of events that are published without one.
    pub priority: Priority,
    /// The JSON Schema of what is read.
    pub reads: Value,
    /// The JSON Schema of what is written.
    pub writes: Value,
}

impl Contract {
    /// That of a type of this program.
    ///
    /// See [`Contract`] for an example.
    #[must_use]
    pub fn of(descriptor: &EventDescriptor) -> Self {
        Self {
            event_type: descriptor.event_type.clone(),
            version: descriptor.version.clone(),
            priority: descriptor.priority,
            reads: descriptor.schema().to_value(),
            writes: descriptor.written_schema().to_value(),
        }
    }
}
