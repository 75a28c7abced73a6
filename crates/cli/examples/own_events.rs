//! A `tekup` that knows a team's own events: `cargo run --example own_events -- schema ls`.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_contracts::Registry;
use tekup_core::TekupEvent;

/// An invoice was paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "invoice.paid", version = "1.0.0", priority = "high")]
struct InvoicePaid {
    invoice_id: String,
    amount: f64,
}

fn main() -> ExitCode {
    tekup_cli::main(Registry::of([
        ("billing", vec![InvoicePaid::descriptor()]),
        ("crm", tekup_events_crm::descriptors().to_vec()),
    ]))
}
