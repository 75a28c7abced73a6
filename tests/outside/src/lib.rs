//! A billing service: it drafts an invoice when a lead has become a deal.

use bus::{Context, Event, EventBus, HandlerError, HandlerResult, Subscription, SubscriptionHandle, TekupEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_events_crm::LeadConverted;

/// An invoice waits for approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(type = "invoice.drafted", version = "1.0.0", priority = "high", crate = "bus")]
pub struct InvoiceDrafted {
    /// The deal that it is for.
    pub deal_id: String,
    /// In whole units of the tenant's currency: more than 0.
    pub amount: f64,
}

/// Drafts the invoice of a deal; a deal without value needs somebody to look at it.
pub async fn draft(event: Event<LeadConverted>, cx: Context) -> HandlerResult {
    let LeadConverted { deal_id, conversion_value: amount, .. } = event.data;
    if amount <= 0.0 {
        return Err(HandlerError::from(format!("deal {deal_id} is worth {amount}")).permanent());
    }
    cx.publish(InvoiceDrafted { deal_id, amount }).await?;
    Ok(())
}

/// Joins the bus.
pub async fn join(bus: &EventBus) -> bus::Result<SubscriptionHandle> {
    bus.subscribe(Subscription::to::<LeadConverted>("billing").handler(draft)).await
}
