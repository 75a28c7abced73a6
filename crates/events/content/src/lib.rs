//! What happens to a text or a post, from its first draft to the day it is seen.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`ContentGenerated`] | `content.generated` | low | a draft is written by a model |
//! | [`ContentPublished`] | `content.published` | medium | it can be seen by others |
//!
//! Both take part in the pattern `content.*`. On the wire every field is camelCase; an optional field that is absent is
//! not written, and `null` is read as absent. A value that a closed set does not know is kept where it is read, and
//! refused where it is published.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_content::{ContentGenerated, ContentPublished, ContentType};
//!
//! let generated = ContentGenerated {
//!     content_id: "content-123".into(),
//!     content_type: ContentType::Blog,
//!     platform: Some("linkedin".into()),
//!     title: "AI in Business Automation".into(),
//!     word_count: 1200,
//!     seo_score: Some(85.0),
//! };
//! let event = generated.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "content.generated");
//! assert!(event.to_raw()?.json().contains(r#""type":"blog""#));
//!
//! let published = ContentPublished {
//!     content_id: "content-123".into(),
//!     platform: "linkedin".into(),
//!     published_at: "2025-09-14T09:00:00.000Z".parse()?,
//!     scheduled_for: Some("2025-09-14T08:30:00.000Z".parse()?),
//! };
//! let event = published.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "content.published");
//! assert!(event.to_raw()?.json().contains(r#""platform":"linkedin""#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod content_generated;
mod content_published;

use tekup_core::{EventDescriptor, TekupEvent};

pub use content_generated::{ContentGenerated, ContentType};
pub use content_published::ContentPublished;

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_content::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["content.generated", "content.published"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [ContentGenerated::descriptor(), ContentPublished::descriptor()]
}
