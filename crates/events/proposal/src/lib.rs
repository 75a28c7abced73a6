//! What happens while an offer is written: the proposal itself, and what its texts and talks give away of the client.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`ProposalCreated`] | `proposal.created` | medium | a proposal is written |
//! | [`BuyingSignalDetected`] | `buying-signal.detected` | medium | a text gives away that a client may buy |
//!
//! `proposal.*` takes the first; a subscription to all of the domain names `buying-signal.*` beside it. On the wire
//! every field is camelCase; an optional field that is absent is not written, and `null` is read as absent. A value
//! that a closed set does not know is kept where it is read, and refused where it is published.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_proposal::{BuyingSignalDetected, ProposalCreated, SignalType};
//!
//! let created = ProposalCreated {
//!     proposal_id: "prop-123".into(),
//!     client_name: "Acme Corp".into(),
//!     estimated_value: 150_000.0,
//!     confidence: 0.87,
//!     lead_id: Some("lead-456".into()),
//! };
//! let event = created.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "proposal.created");
//! assert!(event.to_raw()?.json().contains(r#""clientName":"Acme Corp""#));
//!
//! let detected = BuyingSignalDetected {
//!     proposal_id: "prop-123".into(),
//!     signal_type: SignalType::Urgency,
//!     content: "need this implemented by end of quarter".into(),
//!     confidence: 0.92,
//!     position: 145,
//! };
//! let event = detected.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "buying-signal.detected");
//! assert!(event.to_raw()?.json().contains(r#""signalType":"urgency""#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod buying_signal_detected;
mod proposal_created;

use tekup_core::{EventDescriptor, TekupEvent};

pub use buying_signal_detected::{BuyingSignalDetected, SignalType};
pub use proposal_created::ProposalCreated;

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_proposal::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["proposal.created", "buying-signal.detected"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [ProposalCreated::descriptor(), BuyingSignalDetected::descriptor()]
}
