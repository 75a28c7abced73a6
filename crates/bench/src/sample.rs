//! The event that is sent, of about 330 bytes with its envelope.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// How many events are published in one call.
pub const BATCH: usize = 500;

/// A payment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(type = "invoice.paid", version = "1.0.0")]
pub struct InvoicePaid {
    /// The invoice.
    pub invoice_id: String,
    /// Who paid.
    pub customer_id: String,
    /// How much, in `currency`.
    pub amount: f64,
    /// ISO 4217.
    pub currency: String,
    /// How it was paid.
    pub method: String,
    /// What the bank says.
    pub reference: String,
}

/// What one round publishes: data and whose it is, tenants in turn.
#[must_use]
pub fn load(events: usize, tenants: usize) -> Vec<(String, InvoicePaid)> {
    (0..events).map(|number| (format!("tenant-{:03}", number % tenants.max(1)), invoice(number))).collect()
}

/// The load in equal parts, one for each of so many tasks.
pub fn parts(load: Vec<(String, InvoicePaid)>, tasks: usize) -> impl Iterator<Item = Vec<(String, InvoicePaid)>> {
    let size = load.len().div_ceil(tasks.max(1));
    let mut load = load.into_iter();
    std::iter::repeat_with(move || load.by_ref().take(size).collect()).take(tasks)
}

/// The data of one of them.
#[must_use]
pub fn invoice(number: usize) -> InvoicePaid {
    InvoicePaid {
        invoice_id: format!("inv-2025-{number:08}"),
        customer_id: format!("customer-{:06}", number % 9_973),
        amount: 100.0 + (number % 1_000) as f64 / 4.0,
        currency: "EUR".into(),
        method: "sepa-credit-transfer".into(),
        reference: format!("RF18-5390-0754-{number:08}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_about_330_bytes() {
        let (tenant, data) = load(1, 64).remove(0);
        let event = data.event(tenant.as_str()).user("user-456").build().unwrap();
        let bytes = event.to_json().unwrap().len();
        assert!((320..=340).contains(&bytes), "{bytes}");
    }
}
