use crate::{
    envelope::{Envelope, Metadata},
    ids::{Pattern, TenantId, UserId},
    timestamp::Timestamp,
};

/// Which events are meant: those of which all that is said here holds. Says nothing by default, and so takes every event.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Event, EventFilter, RawEvent, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// let mut imports = EventFilter { tenants: vec!["acme".parse()?], ..EventFilter::default() };
/// imports.metadata.insert("source", "csv_upload")?;
///
/// let event = LeadCreated { score: 75.0 }.event("acme").metadata("source", "csv_upload").build()?;
/// assert!(imports.matches(&event.envelope));
///
/// let wanted = imports.clone();
/// let typed = Subscription::to::<LeadCreated>("scoring")
///     .filter(move |event| wanted.matches(&event.envelope))
///     .handler(async |_: Event<LeadCreated>, _| ());
/// let raw = Subscription::matching("audit", "lead.*")
///     .filter(move |event| imports.matches(event.envelope()))
///     .handler(async |_: RawEvent, _| ());
/// # drop((typed, raw));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The type matches one of these; empty: any.
    pub types: Vec<Pattern>,
    /// The tenant is one of these; empty: any.
    pub tenants: Vec<TenantId>,
    /// The user is one of these; empty: any, or none. An event without a user is no event of these users. (The TypeScript
    /// package lets it pass.)
    pub users: Vec<UserId>,
    /// It happened then, or later.
    pub from: Option<Timestamp>,
    /// It happened then, or before.
    pub to: Option<Timestamp>,
    /// The event's metadata has these fields, with equal values: `1.0` is `1`, whatever the order of an object's members.
    pub metadata: Metadata,
}

impl EventFilter {
    /// Whether the event is meant.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventFilter, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let of_one_user = EventFilter { users: vec!["user-456".parse()?], ..EventFilter::default() };
    /// let lead = || LeadCreated { score: 75.0 }.event("acme");
    /// assert!(of_one_user.matches(&lead().user("user-456").build()?.envelope));
    /// assert!(!of_one_user.matches(&lead().build()?.envelope));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, event: &Envelope) -> bool {
        (self.types.is_empty() || self.types.iter().any(|pattern| pattern.matches(&event.event_type)))
            && (self.tenants.is_empty() || self.tenants.contains(&event.tenant))
            && (self.users.is_empty() || event.user.as_ref().is_some_and(|user| self.users.contains(user)))
            && self.from.is_none_or(|from| from <= event.timestamp)
            && self.to.is_none_or(|to| event.timestamp <= to)
            && event.metadata.has_all_of(&self.metadata)
    }
}
