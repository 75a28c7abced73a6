//! A crate that denies every lint of rustc's that it can.

#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations, unused, future_incompatible)]
#![deny(let_underscore, nonstandard_style, rust_2018_idioms, rust_2021_compatibility, rust_2024_compatibility)]
#![deny(single_use_lifetimes, trivial_casts, unused_qualifications, unused_results, elided_lifetimes_in_paths)]
#![deny(non_local_definitions, redundant_lifetimes, explicit_outlives_requirements)]
#![forbid(unsafe_code)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A lead was created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
pub struct LeadCreated {
    /// 0 to 100.
    pub score: f64,
}

/// A lead was changed.
#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.changed")]
pub struct LeadChanged<T> {
    /// What it was.
    pub before: T,
}

fn main() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    struct LocalCreated {}

    assert_eq!(LocalCreated::TYPE, "local.created");
    assert_eq!(LeadCreated::TYPE, "lead.created");
    assert_eq!(LeadChanged::<String>::TYPE, "lead.changed");
}
