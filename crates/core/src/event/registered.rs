use schemars::{Schema, generate::Contract};

use super::EventDescriptor;
use crate::{ids::EventType, priority::Priority};

/// An event that has noted itself; crate-private, though the derive names it.
///
/// It holds what the derive knows, and not the event's `TekupEvent`: a mistake in the event would be told twice.
#[derive(Debug)]
pub struct Registered {
    /// The package that derives it.
    pub package: &'static str,
    /// Its type.
    pub event_type: &'static str,
    /// The version of its data.
    pub version: &'static str,
    /// Of events that are published without one.
    pub priority: Priority,
    /// Whether its envelopes are recorded.
    pub audit: bool,
    /// Of its data.
    pub schema: fn(Contract) -> Schema,
}

inventory::collect!(Registered);

impl Registered {
    fn descriptor(&self) -> EventDescriptor {
        EventDescriptor {
            event_type: EventType::checked(self.event_type),
            // The derive has checked it.
            version: self.version.parse().unwrap_or_default(),
            priority: self.priority,
            audit: self.audit,
            schema: self.schema,
        }
    }
}

/// The events whose derive is compiled into this program, each with the package that it is of, in no order.
///
/// What may be missing, and what may be there besides, is said where registries are made of it: see
/// `Registry::registered` of the `tekup-contracts` crate.
///
/// ```standalone_crate
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::TekupEvent;
/// #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct LeadCreated {}
///
/// let types: Vec<String> = tekup_core::registered().map(|(_, event)| event.event_type.to_string()).collect();
/// assert_eq!(types, ["lead.created"]);
/// ```
pub fn registered() -> impl Iterator<Item = (&'static str, EventDescriptor)> {
    inventory::iter::<Registered>.into_iter().map(|noted| (noted.package, noted.descriptor()))
}
