use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind, cut},
    ids::{EventId, ServiceName, SubscriptionId, TenantId},
};

/// How many characters of a text are kept.
const LONGEST_TEXT: usize = 500;

/// What an operator does, or did.
///
/// ```
/// use tekup_core::audit::{ActionKind, AdminAction};
///
/// let action = AdminAction::new(ActionKind::Pause, "ada@example.com", "billing".parse()?);
/// assert_eq!(action.end, None); // it has only begun
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdminAction {
    /// What tells it apart from every other one.
    pub id: String,
    /// What is done.
    pub kind: ActionKind,
    /// Who does it: [`BusConfig::operator`](crate::BusConfig::operator), or the service's name.
    pub operator: String,
    /// Through which service's bus.
    pub service: ServiceName,
    /// To which subscription, if to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Whose events it can reach, if one tenant's only: those of a tenant's handle, of one event, or of a filter that names
    /// a tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// To which event, if to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// What else was said: the filter of a job, the rate limit, the new event of an edit. At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What came of it; `None` while it is under way, or if its process died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ActionEnd>,
}

impl AdminAction {
    /// One that begins now.
    ///
    /// ```
    /// use tekup_core::audit::{ActionKind, AdminAction};
    ///
    /// let action = || AdminAction::new(ActionKind::Resume, "ada", "billing".parse().unwrap());
    /// assert_ne!(action().id, action().id);
    /// ```
    #[must_use]
    pub fn new(kind: ActionKind, operator: impl Into<String>, service: ServiceName) -> Self {
        let (id, operator) = (EventId::generate().to_string(), operator.into());
        let (subscription, tenant, event, detail, end) = (None, None, None, None, None);
        Self { id, kind, operator, service, subscription, tenant, event, detail, end }
    }

    pub(crate) fn subscription(self, subscription: &SubscriptionId) -> Self {
        Self { subscription: Some(subscription.clone()), ..self }
    }

    pub(crate) fn tenant(self, tenant: Option<&TenantId>) -> Self {
        Self { tenant: tenant.cloned(), ..self }
    }

    pub(crate) fn event(self, event: EventId) -> Self {
        Self { event: Some(event), ..self }
    }

    pub(crate) fn detail(self, detail: &str) -> Self {
        Self { detail: Some(cut(detail, LONGEST_TEXT)), ..self }
    }
}

/// What an operator does.
///
/// ```
/// use tekup_core::audit::ActionKind;
/// assert_eq!(ActionKind::SetRateLimit.as_str(), "set_rate_limit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActionKind {
    /// Dead letters are given back: one, or those of a filter.
    Replay,
    /// Dead letters are deleted: one, or those of a filter.
    Purge,
    /// A new event is published in place of a dead one.
    Edit,
    /// A subscription is paused.
    Pause,
    /// A paused subscription goes on.
    Resume,
    /// A rate limit is set or lifted.
    SetRateLimit,
    /// A subscription is removed for good.
    Remove,
    /// An event that waits for its time is cancelled.
    Cancel,
    /// A place that the store had lost is made anew.
    Repair,
    /// Something that a newer version does.
    #[serde(other)]
    Other,
}

impl ActionKind {
    /// A stable name.
    ///
    /// ```
    /// use tekup_core::audit::ActionKind;
    /// assert_eq!(ActionKind::Replay.as_str(), "replay");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Purge => "purge",
            Self::Edit => "edit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::SetRateLimit => "set_rate_limit",
            Self::Remove => "remove",
            Self::Cancel => "cancel",
            Self::Repair => "repair",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for ActionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

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

    fn action() -> AdminAction {
        AdminAction::new(ActionKind::Purge, "ada", "billing".parse().unwrap())
    }

    #[test]
    fn an_action_reads_as_it_was_written_and_names_nothing_that_it_has_not() {
        let bare = serde_json::to_value(action()).unwrap();
        assert_eq!(bare.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "kind", "operator", "service"]);
        let end = Some(ActionEnd::new(ActionOutcome::Done, 3));
        let whole = AdminAction { end, ..action().subscription(&"crm/import".parse().unwrap()).detail("type lead.*") };
        let text = serde_json::to_string(&whole).unwrap();
        assert!(text.contains(r#""kind":"purge""#) && text.contains(r#""outcome":"done""#), "{text}");
        assert_eq!(serde_json::from_str::<AdminAction>(&text).unwrap(), whole);
    }

    #[test]
    fn what_a_newer_version_does_is_read_as_something_else() {
        let text = r#"{"id":"1","kind":"rename","operator":"ada","service":"crm","place":7,"end":{"outcome":"half","count":1}}"#;
        let read: AdminAction = serde_json::from_str(text).unwrap();
        assert_eq!((read.kind, read.end.unwrap().outcome), (ActionKind::Other, ActionOutcome::Other));
    }

    #[test]
    fn names_are_those_of_the_wire() {
        use ActionKind as Kind;
        let kinds = [Kind::Replay, Kind::Purge, Kind::Edit, Kind::Pause, Kind::Resume, Kind::SetRateLimit];
        for kind in kinds.into_iter().chain([Kind::Remove, Kind::Cancel, Kind::Repair, Kind::Other]) {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        use ActionOutcome as Outcome;
        for outcome in [Outcome::Done, Outcome::Refused, Outcome::Failed, Outcome::Stopped, Outcome::Other] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn long_texts_are_cut_so_that_a_record_stays_small() {
        let long = "é\n".repeat(100_000);
        let end = ActionEnd::with_error(&Error::new(ErrorKind::Conflict, long.clone()), 0);
        let whole = AdminAction { end: Some(end), ..action().detail(&long) };
        assert!(serde_json::to_vec(&whole).unwrap().len() < 4_096);
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
