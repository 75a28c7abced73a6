//! What happens to a customer who asks for help, from the first word to the answer.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`SupportSessionStarted`] | `support.session.started` | high | a customer asks for help |
//! | [`SupportSessionResolved`] | `support.session.resolved` | medium | the customer has an answer |
//!
//! Both take part in the pattern `support.session.*`. On the wire every field is camelCase; an optional field that is
//! absent is not written, and `null` is read as absent. A value that a closed set does not know is kept where it is
//! read, and refused where it is published.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_support::{SupportChannel, SupportPriority, SupportSessionResolved, SupportSessionStarted};
//!
//! let started = SupportSessionStarted {
//!     session_id: "session-123".into(),
//!     contact_id: Some("contact-456".into()),
//!     channel: SupportChannel::Chat,
//!     priority: SupportPriority::High,
//! };
//! let event = started.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "support.session.started");
//! assert!(event.to_raw()?.json().contains(r#""contactId":"contact-456""#));
//!
//! let resolved = SupportSessionResolved {
//!     session_id: "session-123".into(),
//!     resolution_time: 5_400_000.0,
//!     satisfaction: Some(4.5),
//!     escalated: false,
//!     category: "billing".into(),
//! };
//! let event = resolved.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "support.session.resolved");
//! assert!(event.to_raw()?.json().contains(r#""resolutionTime":5400000"#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod support_session_resolved;
mod support_session_started;

use tekup_core::{EventDescriptor, TekupEvent};

pub use support_session_resolved::SupportSessionResolved;
pub use support_session_started::{SupportChannel, SupportPriority, SupportSessionStarted};

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_support::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["support.session.started", "support.session.resolved"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [SupportSessionStarted::descriptor(), SupportSessionResolved::descriptor()]
}
