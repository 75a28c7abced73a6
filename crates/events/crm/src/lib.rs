//! What happens to a lead, from its first contact to the deal.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`LeadCreated`] | `lead.created` | medium | a lead is known for the first time |
//! | [`LeadScored`] | `lead.scored` | medium | its score was computed anew |
//! | [`LeadConverted`] | `lead.converted` | high | it has become a deal |
//!
//! All three take part in the pattern `lead.*`. On the wire every field is camelCase; an optional field that is absent
//! is not written, and `null` is read as absent.
//!
//! ```
//! use tekup_core::{EventBus, Subscription, TekupEvent};
//! use tekup_events_crm::{LeadCreated, LeadScored};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! let bus = EventBus::in_memory("crm")?;
//! bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |event, cx| {
//!     let (lead_id, score) = (event.data.lead_id, event.data.score);
//!     cx.publish(LeadScored { lead_id, previous_score: score, new_score: 90.0, factors: Vec::new() }).await?;
//!     Ok(())
//! }))
//! .await?;
//!
//! let lead = LeadCreated::new("lead-789", "website", 75.0);
//! bus.publish(lead.event("tenant-123").user("user-456")).await?;
//! bus.shutdown().await
//! # }
//! ```
//!
//! The doc comments of the structs are the descriptions in their JSON Schemas, so the examples are here:
//!
//! ```
//! use tekup_core::{Priority, TekupEvent};
//! use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored, ScoreFactor};
//!
//! let created = LeadCreated { contact_id: Some("contact-456".into()), ..LeadCreated::new("lead-123", "website", 60.0) };
//! let json = r#"{"leadId":"lead-123","source":"website","score":60,"contactId":"contact-456"}"#;
//! assert_eq!(created.event("tenant-123").build()?.to_raw()?.json(), json);
//!
//! let size = ScoreFactor { factor: "company_size".into(), impact: 15.0, confidence: 0.9 };
//! let scored = LeadScored { lead_id: "lead-123".into(), previous_score: 60.0, new_score: 75.0, factors: vec![size] };
//! assert_eq!(scored.event("tenant-123").build()?.envelope.event_type.as_str(), "lead.scored");
//!
//! let converted = LeadConverted {
//!     lead_id: "lead-123".into(),
//!     deal_id: "deal-456".into(),
//!     conversion_value: 75_000.0,
//!     conversion_time: 15_000.0,
//!     touchpoints: vec!["website".into(), "demo".into()],
//! };
//! assert!(converted.event("tenant-123").build().is_ok());
//! assert_eq!(LeadConverted::PRIORITY, Priority::High);
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod lead_converted;
mod lead_created;
mod lead_scored;

use tekup_core::{EventDescriptor, TekupEvent};

pub use lead_converted::LeadConverted;
pub use lead_created::LeadCreated;
pub use lead_scored::{LeadScored, ScoreFactor};

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_crm::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["lead.created", "lead.scored", "lead.converted"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 3] {
    [LeadCreated::descriptor(), LeadScored::descriptor(), LeadConverted::descriptor()]
}
