use serde_json::{Value, json};
use tekup_core::{EventDescriptor, EventType, Priority, SchemaVersion};

use crate::canonical::fingerprint;

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
/// let contract = Contract::of("crm", &LeadCreated::descriptor());
/// assert_eq!(contract.event_type.as_str(), "lead.created");
/// assert!(contract.reads.get("required").is_none());
/// assert_eq!(contract.writes["required"][0], "score");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Contract {
    /// Where the event belongs, such as `crm`.
    pub domain: String,
    /// The event.
    pub event_type: EventType,
    /// The version of its data.
    pub version: SchemaVersion,
    /// Of events that are published without one.
    pub priority: Priority,
    /// Whether the envelope of each published event is [recorded](tekup_core::audit).
    pub audit: bool,
    /// The JSON Schema of what is read.
    pub reads: Value,
    /// The JSON Schema of what is written.
    pub writes: Value,
}

impl Contract {
    /// That of a type of this program. See [`Contract`] for an example.
    #[must_use]
    pub fn of(domain: impl Into<String>, descriptor: &EventDescriptor) -> Self {
        let with_id = |mut schema: schemars::Schema| {
            schema.insert("$id".into(), id(&descriptor.event_type, &descriptor.version).into());
            schema.to_value()
        };
        Self {
            domain: domain.into(),
            event_type: descriptor.event_type.clone(),
            version: descriptor.version.clone(),
            priority: descriptor.priority,
            audit: descriptor.audit,
            reads: with_id(descriptor.schema()),
            writes: with_id(descriptor.written_schema()),
        }
    }

    /// The SHA-256 of all of it in one fixed form, in 64 hexadecimal digits: the same as long as nothing changes.
    ///
    /// ```
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_contracts::Contract;
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let contract = Contract::of("crm", &LeadCreated::descriptor());
    /// assert_eq!(contract.fingerprint().len(), 64);
    /// assert_eq!(contract.fingerprint(), contract.clone().fingerprint());
    /// ```
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let Self { domain, event_type, version, priority, audit, reads, writes } = self;
        let mut all =
            vec![json!(domain), json!(event_type), json!(version), json!(priority), json!(reads), json!(writes)];
        // Most events are not recorded, and were locked before that was told.
        all.extend(audit.then(|| json!("audit")));
        fingerprint(&all.into())
    }
}

/// Begins the name by which other documents refer to the schema of an event.
const ID: &str = "urn:tekup:event:";

/// By which other documents refer to the schema of a version of an event.
pub(crate) fn id(event_type: &EventType, version: &SchemaVersion) -> String {
    format!("{ID}{event_type}:{version}")
}

/// The version that such an [`id`] names, if it is one of this type.
pub(crate) fn version_of(id: &str, event_type: &str) -> Option<SchemaVersion> {
    id.strip_prefix(ID)?.strip_prefix(event_type)?.strip_prefix(':')?.parse().ok()
}
