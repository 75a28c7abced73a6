use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, UnknownValue};

/// A text gave away that a client may buy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "buying-signal.detected", version = "1.0.0")]
pub struct BuyingSignalDetected {
    /// The proposal that the text belongs to.
    #[garde(length(min = 1))]
    pub proposal_id: String,
    /// What the text gives away.
    pub signal_type: SignalType,
    /// The words that give it away.
    pub content: String,
    /// How sure that is: 0 (a guess) to 1 (certain).
    #[garde(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// Where the words begin in the text, in characters from 0. A TypeScript service counts UTF-16 code units, so that an
    /// emoji before the words counts as two.
    pub position: u64,
}

impl BuyingSignalDetected {
    fn example() -> Self {
        Self {
            proposal_id: "prop-123".into(),
            signal_type: SignalType::Urgency,
            content: "need this implemented by end of quarter".into(),
            confidence: 0.92,
            position: 145,
        }
    }
}

/// What a text gives away.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignalType {
    /// It has to be soon.
    Urgency,
    /// There is money for it.
    Budget,
    /// The person may decide.
    Authority,
    /// Something hurts that the offer would mend.
    PainPoint,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
