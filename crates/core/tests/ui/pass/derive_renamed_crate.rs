//! The crate under another name, and behind a path of the user's own.

#![deny(warnings)]

extern crate tekup_core as renamed_core;

mod platform {
    pub mod bus {
        pub use renamed_core::*;
    }
}

/// Nothing may be taken from here.
mod tekup_core {}

use renamed_core::TekupEvent as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, renamed_core::TekupEvent)]
#[event(crate = "renamed_core")]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, platform::bus::TekupEvent)]
#[event(crate = "crate::platform::bus", type = "lead.changed", priority = "low")]
struct LeadChanged<T> {
    before: T,
}

fn main() {
    assert_eq!(LeadCreated::TYPE, "lead.created");
    assert_eq!(LeadChanged::<u8>::PRIORITY, renamed_core::Priority::Low);
    assert!(LeadChanged { before: 1 }.event("acme").build().is_ok());
}
