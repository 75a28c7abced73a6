use std::time::Duration;

use serde::Serialize;

use super::{Correlation, Event, TekupEvent, correlation};
use crate::{
    envelope::{Envelope, Metadata, RawMap},
    error::{Error, ErrorKind, Problems, Result},
    ids::{EventId, EventType, TenantId, UserId},
    priority::Priority,
    timestamp::Timestamp,
    transport::Due,
};

/// An event before it is published, completed by chaining.
///
/// Mistakes are collected and reported all at once, where the draft is built or published.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Priority, TekupEvent};
/// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// let draft = LeadCreated { score: 75.0 }.event("tenant-123").user("user-456").priority(Priority::Critical);
/// assert!(draft.build().is_ok());
///
/// let error = LeadCreated { score: 75.0 }.event("").user("*").build().unwrap_err();
/// assert_eq!(error.problems().len(), 2);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a draft does nothing until it is published"]
pub struct Draft<T> {
    data: T,
    id: EventId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
    timestamp: Timestamp,
    metadata: Metadata,
    priority: Option<Priority>,
    due: Option<Due>,
    problems: Problems,
}

impl<T> Draft<T> {
    pub(crate) fn new<I>(data: T, tenant: I) -> Self
    where
        I: TryInto<TenantId>,
        Error: From<I::Error>,
    {
        let mut problems = Problems::default();
        let tenant = problems.keep(tenant.try_into().map_err(Error::from));
        let metadata = Metadata::default();
        let (id, timestamp) = (EventId::generate(), Timestamp::now());
        Self { data, id, tenant, user: None, timestamp, metadata, priority: None, due: None, problems }
    }

    /// Who caused the event.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").user("user-456").build()?;
    /// assert_eq!(event.envelope.user, Some("user-456".parse()?));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn user<U>(mut self, user: U) -> Self
    where
        U: TryInto<UserId>,
        Error: From<U::Error>,
    {
        self.user = self.problems.keep(user.try_into().map_err(Error::from));
        self
    }

    /// The event's own id, for one that exists already: the same id of the same tenant is stored once. Of a key of
    /// another system, such as the number of a webhook, make one that is always the same: a UUIDv5.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").id("018f6c9a-0000-7000-8000-000000000016").build()?;
    /// assert_eq!(event.envelope.id, "018f6c9a-0000-7000-8000-000000000016".parse()?);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn id<I>(mut self, id: I) -> Self
    where
        I: TryInto<EventId>,
        Error: From<I::Error>,
    {
        if let Some(id) = self.problems.keep(id.try_into().map_err(Error::from)) {
            self.id = id;
        }
        self
    }

    /// When it happened, if that was not now.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let time = "2025-09-14T10:15:30.123Z".parse()?;
    /// assert_eq!(LeadCreated {}.event("acme").timestamp(time).build()?.envelope.timestamp, time);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// Another priority than the type's own.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, Priority, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.publish(LeadCreated {}.event("acme").priority(Priority::Critical)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Publishes it later: so long after it is stored, by the store's clock; at once if that is zero. Until then it can be
    /// [cancelled](crate::EventBus::cancel). At most 366 days.
    ///
    /// It goes to those who are subscribed when its time has come, whether this process lives until then or not. What
    /// waits lies in the store: in memory it goes with the process.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    /// use tekup_core::{EventBus, TekupEvent, transport::Stage};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceReminded {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// let receipt = bus.publish(InvoiceReminded {}.event("acme").delay(Duration::from_secs(300))).await?;
    /// assert_eq!(bus.status("acme", receipt.id).await?.stage, Stage::Scheduled);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delay(self, delay: Duration) -> Self {
        self.put_off(Due::After(delay))
    }

    /// Publishes it later: at that time, by the store's clock. Else as [`Draft::delay`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent, Timestamp};
    /// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceReminded {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// let tomorrow = Timestamp::from_unix_millis(Timestamp::now().unix_millis() + 86_400_000)?;
    /// bus.publish(InvoiceReminded {}.event("acme").at(tomorrow)).await?;
    ///
    /// let past = bus.publish(InvoiceReminded {}.event("acme").at("2001-01-01T00:00:00Z".parse()?)).await;
    /// assert!(past.unwrap_err().to_string().contains("which is past"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn at(self, time: Timestamp) -> Self {
        self.put_off(Due::At(time))
    }

    fn put_off(mut self, due: Due) -> Self {
        self.problems.keep(due.check(Timestamp::now()));
        let is_other = |known: &Due| std::mem::discriminant(known) != std::mem::discriminant(&due);
        self.problems.check(!self.due.as_ref().is_some_and(is_other), || {
            "event has both a delay and a time at which it is to come: use one of them".into()
        });
        self.due = Some(due);
        self
    }

    /// A field of the metadata.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").metadata("source", "csv").build()?;
    /// assert_eq!(event.envelope.metadata.get::<String>("source")?.as_deref(), Some("csv"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let inserted = self.metadata.insert(name, value);
        self.problems.keep(inserted);
        self
    }

    /// The chain of causes that the event belongs to.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").correlation("import-7").build()?;
    /// assert_eq!(event.envelope.correlation_id(), "import-7");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn correlation(mut self, id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        correlation::check("correlation", id, &mut self.problems);
        self.link(id, None)
    }

    /// Names the event that caused this one, and joins its chain.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let cause = LeadCreated {}.event("acme").build()?;
    /// let effect = LeadCreated {}.event("acme").caused_by(&cause.envelope).build()?;
    /// assert_eq!(effect.envelope.cause(), Some(cause.envelope.id));
    /// assert_eq!(effect.envelope.correlation_id(), cause.envelope.correlation_id());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn caused_by(self, cause: &Envelope) -> Self {
        // Whatever id the cause came with: where it can't be traced, it is passed on all the same.
        self.link(&cause.correlation_id(), Some(cause.id))
    }

    /// All that a [`Correlation`] says: as `correlationId`, `parentEventId`, `workflowId`, `sessionId` and `timestamp` of
    /// the metadata. What it does not say stays as it is.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Correlation, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").correlated(Correlation::new().workflow("import")).build()?;
    /// assert_eq!(event.envelope.metadata.get::<String>("workflowId")?.as_deref(), Some("import"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn correlated(self, correlation: Correlation) -> Self {
        self.with_fields(correlation.fields(), correlation.problems())
    }

    fn link(mut self, correlation: &str, cause: Option<EventId>) -> Self {
        let linked = self.metadata.link(correlation, cause);
        self.problems.keep(linked);
        self
    }

    /// What [`Draft::caused_by`] sets, where the draft does not say otherwise.
    pub(crate) fn inherit(self, cause: &Envelope) -> Self {
        let correlation = self.metadata.correlation_id().unwrap_or_else(|| cause.correlation_id());
        let has_cause = self.metadata.cause().is_some();
        self.link(&correlation, (!has_cause).then_some(cause.id))
    }

    pub(crate) fn user_if_absent(mut self, user: &UserId) -> Self {
        self.user.get_or_insert_with(|| user.clone());
        self
    }

    /// Adds what is said of several events, such as those of a batch.
    pub(super) fn with_fields(mut self, fields: Result<Metadata>, problems: &Problems) -> Self {
        self.problems.extend(problems);
        if let Some(fields) = self.problems.keep(fields) {
            self.metadata.extend(&fields);
        }
        self
    }

    /// A handle of one tenant publishes for no other.
    pub(crate) fn expect_tenant(&self, expected: &TenantId) -> Result<()> {
        match &self.tenant {
            Some(named) if named != expected => {
                let message = format!(
                    "event {} is of tenant `{named}`, but this handle is tenant `{expected}`'s: publish it with the bus itself",
                    self.id
                );
                Err(Error::new(ErrorKind::TenantMismatch, message))
            }
            _ => Ok(()),
        }
    }
}

impl<T: TekupEvent> Draft<T> {
    /// The event, or every mistake that was made on the way.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with one problem for each mistake; one of them is a delay, for only a draft has one:
    /// publish that.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// assert!(LeadCreated {}.event("acme").build().is_ok());
    /// assert!(LeadCreated {}.event("ac me").build().is_err());
    /// ```
    pub fn build(self) -> Result<Event<T>> {
        let mut draft = self;
        let is_later = draft.due.is_some_and(|due| due != Due::After(Duration::ZERO));
        draft.problems.check(!is_later, || {
            format!("event {} is to come later, which a built event can't say: publish the draft itself", draft.id)
        });
        draft.into_parts().map(|(event, _, _)| event)
    }

    pub(crate) fn into_parts(self) -> Result<(Event<T>, Priority, Option<Due>)> {
        let Some(tenant) = self.tenant else {
            return Err(self
                .problems
                .into_result(ErrorKind::InvalidInput)
                .err()
                .unwrap_or_else(|| Error::new(ErrorKind::InvalidInput, "event has no tenant: name one")));
        };
        self.problems.into_result(ErrorKind::InvalidInput)?;
        let envelope = Envelope {
            id: self.id,
            event_type: EventType::checked(T::TYPE),
            version: T::VERSION.parse()?,
            tenant,
            user: self.user,
            timestamp: self.timestamp,
            metadata: self.metadata,
            extensions: RawMap::default(),
        };
        let due = self.due.filter(|due| *due != Due::After(Duration::ZERO));
        Ok((Event { envelope, data: self.data }, self.priority.unwrap_or(T::PRIORITY), due))
    }
}

/// What a handle that knows its tenant can publish: data, or a draft of the same tenant.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let acme = EventBus::in_memory("crm")?.tenant("acme")?;
/// acme.publish(LeadCreated {}).await?;
/// acme.publish(LeadCreated {}.event("acme").user("user-456")).await?;
/// assert!(acme.publish(LeadCreated {}.event("other")).await.is_err());
/// # Ok(())
/// # }
/// ```
pub trait IntoDraft: Send {
    /// The data.
    type Data: TekupEvent;

    /// A draft, of the given tenant where none is named yet.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{IntoDraft, TekupEvent, TenantId};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.into_draft(&TenantId::new("acme")?).build()?;
    /// assert_eq!(event.envelope.tenant.as_str(), "acme");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    fn into_draft(self, tenant: &TenantId) -> Draft<Self::Data>;
}

impl<T: TekupEvent> IntoDraft for T {
    type Data = T;

    fn into_draft(self, tenant: &TenantId) -> Draft<T> {
        Draft::new(self, tenant)
    }
}

impl<T: TekupEvent> IntoDraft for Draft<T> {
    type Data = T;

    fn into_draft(self, _: &TenantId) -> Self {
        self
    }
}
