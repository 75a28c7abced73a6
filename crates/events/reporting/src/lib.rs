//! What happens to figures that people look at: reports and dashboards.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`ReportGenerated`] | `report.generated` | medium | a report can be read |
//! | [`DashboardViewed`] | `dashboard.viewed` | low | somebody has looked at a dashboard |
//!
//! `report.*` takes the first, `dashboard.*` the second. On the wire every field is camelCase; an optional field that
//! is absent is not written, and `null` is read as absent. A value that a closed set does not know is kept where it is
//! read, and refused where it is published.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use tekup_core::TekupEvent;
//! use tekup_events_reporting::{DashboardViewed, ReportGenerated, ReportType};
//!
//! let generated = ReportGenerated {
//!     report_id: "report-123".into(),
//!     report_type: ReportType::Sales,
//!     period: "2025-Q3".into(),
//!     metrics: BTreeMap::from([("revenue".into(), 1_250_000.5), ("deals".into(), 42.0)]),
//!     insights: vec!["Pipeline grew 12%".into()],
//! };
//! let event = generated.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "report.generated");
//! assert!(event.to_raw()?.json().contains(r#""type":"sales""#));
//!
//! let viewed = DashboardViewed {
//!     dashboard_id: "dash-123".into(),
//!     view_duration: 95_000.0,
//!     interaction_count: 14,
//!     widgets: vec!["funnel".into(), "map".into()],
//! };
//! let event = viewed.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "dashboard.viewed");
//! assert!(event.to_raw()?.json().contains(r#""viewDuration":95000"#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod dashboard_viewed;
mod report_generated;

use tekup_core::{EventDescriptor, TekupEvent};

pub use dashboard_viewed::DashboardViewed;
pub use report_generated::{ReportGenerated, ReportType};

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_reporting::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["report.generated", "dashboard.viewed"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [ReportGenerated::descriptor(), DashboardViewed::descriptor()]
}
