use serde::{Deserialize, Serialize};

use super::action::LONGEST_TEXT;
use crate::error::{Error, ErrorKind, cut};

/// What came of an action.
///
/// ```
/// use tekup_core::audit::{ActionEnd, ActionOutcome};
/// assert_eq!(ActionEnd::new(ActionOutcome::Done, 3).count, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionEnd {
    /// How it ended.
    pub outcome: ActionOutcome,
    /// How many letters were moved or deleted, how many events a removal took, or 1 if what was asked for changed anything.
    pub count: u64,
    /// Why it was refused or failed, in at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ActionEnd {
    /// An end without an error.
    ///
    /// ```
    /// use tekup_core::audit::{ActionEnd, ActionOutcome};
    /// assert_eq!(ActionEnd::new(ActionOutcome::Stopped, 7).error, None);
    /// ```
    #[must_use]
    pub const fn new(outcome: ActionOutcome, count: u64) -> Self {
        Self { outcome, count, error: None }
    }

    pub(crate) fn with_error(error: &Error, count: u64) -> Self {
        let text = cut(&error.to_string(), LONGEST_TEXT);
        Self { error: Some(text), ..Self::new(ActionOutcome::of(error.kind()), count) }
    }
}

/// How an action ended.
///
/// ```
/// use tekup_core::audit::ActionOutcome;
/// assert_eq!(ActionOutcome::Refused.as_str(), "refused");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActionOutcome {
    /// All that was asked for was done.
    Done,
    /// A rule of the bus was against it.
    Refused,
    /// The store failed: some of it may be done.
    Failed,
    /// Whoever began it stopped it before its end.
    Stopped,
    /// Something that a newer version says.
    #[serde(other)]
    Other,
}

impl ActionOutcome {
    /// A stable name.
    ///
    /// ```
    /// use tekup_core::audit::ActionOutcome;
    /// assert_eq!(ActionOutcome::Stopped.as_str(), "stopped");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Other => "other",
        }
    }

    /// Of an action that ended in an error of this kind.
    fn of(kind: ErrorKind) -> Self {
        use ErrorKind as Kind;
        match kind {
            Kind::Backpressure
            | Kind::Unavailable
            | Kind::Denied
            | Kind::Closed
            | Kind::Incompatible
            | Kind::Internal => Self::Failed,
            _ => Self::Refused,
        }
    }
}

impl std::fmt::Display for ActionOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        use ActionOutcome as Outcome;
        for outcome in [Outcome::Done, Outcome::Refused, Outcome::Failed, Outcome::Stopped, Outcome::Other] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn an_error_of_the_store_is_a_failure_and_any_other_a_refusal() {
        for kind in [ErrorKind::Unavailable, ErrorKind::Backpressure, ErrorKind::Denied, ErrorKind::Internal] {
            assert_eq!(ActionOutcome::of(kind), ActionOutcome::Failed, "{kind}");
        }
        for kind in [ErrorKind::NotFound, ErrorKind::Conflict, ErrorKind::InvalidInput, ErrorKind::Undecodable] {
            assert_eq!(ActionOutcome::of(kind), ActionOutcome::Refused, "{kind}");
        }
    }
}
