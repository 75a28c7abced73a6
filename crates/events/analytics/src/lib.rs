//! What happens to a model and what it foretells.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`PredictionGenerated`] | `prediction.generated` | medium | a model has foretold something |
//! | [`ModelTrained`] | `model.trained` | medium | a model can be used |
//!
//! `prediction.*` takes the first, `model.*` the second. On the wire every field is camelCase; an optional field that
//! is absent is not written, and `null` is read as absent. A value that a closed set does not know is kept where it is
//! read, and refused where it is published.
//!
//! ```
//! use serde_json::Map;
//! use tekup_core::TekupEvent;
//! use tekup_events_analytics::{ModelTrained, PredictionGenerated, PredictionType};
//!
//! let generated = PredictionGenerated {
//!     prediction_id: "pred-123".into(),
//!     model_id: "model-456".into(),
//!     prediction_type: PredictionType::LeadScore,
//!     confidence: 0.89,
//!     input: Map::from_iter([("company_size".into(), "enterprise".into()), ("source".into(), "referral".into())]),
//!     output: Map::from_iter([("score".into(), 85.into()), ("probability".into(), 0.73.into())]),
//! };
//! let event = generated.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "prediction.generated");
//! assert!(event.to_raw()?.json().contains(r#""modelId":"model-456""#));
//!
//! let trained = ModelTrained {
//!     model_id: "model-456".into(),
//!     model_type: "gradient_boosting".into(),
//!     accuracy: 0.934,
//!     training_duration: 845_000.0,
//!     data_points: 120_000,
//!     version: "2.3.0".into(),
//! };
//! let event = trained.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "model.trained");
//! assert!(event.to_raw()?.json().contains(r#""type":"gradient_boosting""#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod model_trained;
mod prediction_generated;

use tekup_core::{EventDescriptor, TekupEvent};

pub use model_trained::ModelTrained;
pub use prediction_generated::{PredictionGenerated, PredictionType};

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_analytics::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["prediction.generated", "model.trained"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [PredictionGenerated::descriptor(), ModelTrained::descriptor()]
}
