//! What happens to a campaign, from its launch to its result.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`CampaignLaunched`] | `campaign.launched` | medium | a campaign is released |
//! | [`CampaignCompleted`] | `campaign.completed` | medium | it is over and counted |
//!
//! Both take part in the pattern `campaign.*`. On the wire every field is camelCase; an optional field that is absent
//! is not written, and `null` is read as absent. A value that a closed set does not know is kept where it is read, and
//! refused where it is published.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_marketing::{CampaignCompleted, CampaignLaunched, CampaignType};
//!
//! let launched = CampaignLaunched {
//!     campaign_id: "campaign-123".into(),
//!     campaign_type: CampaignType::Email,
//!     target_audience: 12_000,
//!     scheduled_at: "2025-09-15T06:00:00.000Z".parse()?,
//!     ai_generated: true,
//! };
//! let event = launched.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "campaign.launched");
//! assert!(event.to_raw()?.json().contains(r#""type":"email""#));
//!
//! let completed = CampaignCompleted {
//!     campaign_id: "campaign-123".into(),
//!     delivered: 10_000,
//!     opened: 2500,
//!     clicked: 500,
//!     converted: 50,
//!     revenue: 125_000.0,
//!     roi: 450.0,
//! };
//! let event = completed.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "campaign.completed");
//! assert!(event.to_raw()?.json().contains(r#""delivered":10000"#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod campaign_completed;
mod campaign_launched;

use tekup_core::{EventDescriptor, TekupEvent};

pub use campaign_completed::CampaignCompleted;
pub use campaign_launched::{CampaignLaunched, CampaignType};

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_marketing::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["campaign.launched", "campaign.completed"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [CampaignLaunched::descriptor(), CampaignCompleted::descriptor()]
}
