use serde::Serialize;

use super::{AdminAction, AuditedEvent};
use crate::{ids::TenantId, timestamp::Timestamp};

/// What the store has recorded.
///
/// ```
/// use tekup_core::{Timestamp, audit::{ActionKind, ActionRecord, AdminAction, AuditKind, AuditRecord}};
///
/// let action = AdminAction::new(ActionKind::Pause, "ada", "billing".parse()?);
/// let record = AuditRecord::Action(ActionRecord { began: Timestamp::now(), ended: None, action });
/// assert_eq!((record.kind(), record.tenant()), (AuditKind::Actions, None));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "record", rename_all = "camelCase")]
#[non_exhaustive]
pub enum AuditRecord {
    /// What an operator did.
    Action(ActionRecord),
    /// A sensitive event that was published.
    Published(EventRecord),
}

impl AuditRecord {
    /// Which of both it is.
    ///
    /// See [`AuditRecord`] for an example.
    #[must_use]
    pub const fn kind(&self) -> AuditKind {
        match self {
            Self::Action(_) => AuditKind::Actions,
            Self::Published(_) => AuditKind::Events,
        }
    }

    /// When it was recorded, by the store's clock: records are told in that order.
    ///
    /// ```
    /// use tekup_core::{Timestamp, audit::{ActionKind, ActionRecord, AdminAction, AuditRecord}};
    ///
    /// let (began, action) = (Timestamp::now(), AdminAction::new(ActionKind::Pause, "ada", "billing".parse()?));
    /// assert_eq!(AuditRecord::Action(ActionRecord { began, ended: None, action }).at(), began);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Action(action) => action.began,
            Self::Published(event) => event.at,
        }
    }

    /// Whose events it speaks of, if one tenant's only.
    ///
    /// See [`AuditRecord`] for an example.
    #[must_use]
    pub const fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Action(action) => action.action.tenant.as_ref(),
            Self::Published(event) => Some(&event.event.tenant),
        }
    }
}

/// An action, and when it was.
///
/// ```
/// use tekup_core::{Timestamp, audit::{ActionKind, ActionRecord, AdminAction}};
///
/// let action = AdminAction::new(ActionKind::Remove, "ada", "billing".parse()?);
/// let record = ActionRecord { began: Timestamp::now(), ended: None, action };
/// assert_eq!(serde_json::to_value(&record).unwrap()["kind"], "remove");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionRecord {
    /// When it began, by the store's clock.
    pub began: Timestamp,
    /// When it ended, by the store's clock.
    pub ended: Option<Timestamp>,
    /// What it is.
    #[serde(flatten)]
    pub action: AdminAction,
}

/// An audited event, and when it was stored.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{TekupEvent, Timestamp, audit::{AuditedEvent, EventRecord}};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct AccountClosed {}
/// let event = AuditedEvent::of(&AccountClosed {}.event("acme").build()?.envelope);
/// let record = EventRecord { at: Timestamp::now(), event };
/// assert_eq!(serde_json::to_value(&record).unwrap()["tenantId"], "acme");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRecord {
    /// When it was stored, by the store's clock.
    pub at: Timestamp,
    /// What was recorded of it.
    #[serde(flatten)]
    pub event: AuditedEvent,
}

/// Which records are wanted.
///
/// ```
/// use tekup_core::audit::AuditKind;
/// assert_ne!(AuditKind::Actions, AuditKind::Events);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// What operators did.
    Actions,
    /// Sensitive events that were published.
    Events,
}

/// Some records, the newest first.
///
/// ```
/// use tekup_core::audit::AuditPage;
/// assert_eq!(AuditPage::default().next, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<String>,
}
