//! Events in a crate that clippy watches as closely as it can: what the derive writes gives no warning there.

#![deny(warnings, missing_docs, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    clippy::absolute_paths,
    clippy::allow_attributes_without_reason,
    clippy::arbitrary_source_item_ordering,
    clippy::missing_docs_in_private_items,
    clippy::missing_inline_in_public_items,
    clippy::question_mark_used,
    clippy::single_char_lifetime_names,
    clippy::unreachable,
    clippy::min_ident_chars
)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A lead was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.changed", version = "1.2.0", priority = "low")]
pub struct LeadChanged<Value> {
    /// What it is now.
    pub after: Value,
    /// What it was.
    pub before: Value,
}

/// A lead was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TekupEvent)]
pub struct LeadCreated {
    /// Whose it is.
    pub owner: String,
}

#[test]
fn an_event_of_a_strict_crate_is_an_event() {
    assert_eq!(LeadCreated::TYPE, "lead.created");
    assert_eq!(LeadChanged::<u8>::VERSION, "1.2.0");
}
