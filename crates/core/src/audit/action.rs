use serde::{Deserialize, Serialize};

use super::{ActionEnd, ActionKind};
use crate::{
    error::cut,
    ids::{EventId, ServiceName, SubscriptionId, TenantId},
};

/// How many characters of a text are kept.
pub(super) const LONGEST_TEXT: usize = 500;

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

#[cfg(test)]
mod tests {
    use super::{super::ActionOutcome, *};
    use crate::error::{Error, ErrorKind};

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
    fn long_texts_are_cut_so_that_a_record_stays_small() {
        let long = "é\n".repeat(100_000);
        let end = ActionEnd::with_error(&Error::new(ErrorKind::Conflict, long.clone()), 0);
        let whole = AdminAction { end: Some(end), ..action().detail(&long) };
        assert!(serde_json::to_vec(&whole).unwrap().len() < 4_096);
    }
}
