//! A registry that fills itself, and what it leaves out.

#![cfg(feature = "auto-register")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_contracts::Registry;
use tekup_core::TekupEvent;
use tekup_events_crm as _;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct InvoicePaid {
    amount: f64,
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "setting.changed")]
struct SettingChanged<T> {
    to: T,
}

#[test]
fn events_that_are_linked_are_there_by_domain_and_generic_ones_and_unused_crates_are_not() {
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "invoice.voided")]
    struct WithinAFunction {}

    let registry = Registry::registered().unwrap();
    let known: Vec<(&str, &str)> =
        registry.contracts().map(|contract| (contract.event_type.as_str(), contract.domain.as_str())).collect();
    let expected = [
        ("invoice.paid", "tekup-contracts"),
        ("invoice.voided", "tekup-contracts"),
        ("lead.converted", "crm"),
        ("lead.created", "crm"),
        ("lead.scored", "crm"),
    ];
    assert_eq!(known, expected, "of the nine domains in Cargo.toml, one is used here");
    assert_eq!(SettingChanged::<u8>::TYPE, "setting.changed");
}
