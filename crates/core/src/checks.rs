//! What an event must keep to come in: limits, and for untyped ones the schema of their type.

use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    audit::AuditedEvent,
    envelope::Limits,
    error::{Error, ErrorKind, Result, shown},
    event::RawEvent,
    ids::EventType,
    sync::lock,
    transport::Outgoing,
};

/// Tells whether an untyped event's data keeps the schema of its type, and whether it is to be recorded. The
/// `tekup-contracts` crate has one.
///
/// ```
/// use tekup_core::{Error, ErrorKind, EventBus, RawEvent, Result, Schemas};
///
/// struct NoSecrets;
///
/// impl Schemas for NoSecrets {
///     fn check(&self, event: &RawEvent) -> Result<()> {
///         let message = "`data.password` must not travel: leave it out";
///         let has_none = !event.json().contains("\"password\"");
///         has_none.then_some(()).ok_or_else(|| Error::new(ErrorKind::Invalid, message))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.use_schemas(NoSecrets)?;
/// let leaky = RawEvent::parse(
///     r#"{"id": "018f6c9a-0000-7000-8000-000000000016", "type": "user.added", "tenantId": "acme",
///     "timestamp": "2025-09-14T10:15:30.123Z", "data": {"password": "1234"}}"#,
/// )?;
/// assert_eq!(bus.publish(leaky).await.unwrap_err().kind(), ErrorKind::Invalid);
/// # Ok(())
/// # }
/// ```
pub trait Schemas: Send + Sync + 'static {
    /// Looks at the data of an event. It is called for each untyped event that is published or handed to a handler, so it
    /// should be quick, and must not wait.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] with the path and the rule of each mistake; `Ok` too for a type that it does not know. What
    /// else it may say is treated alike.
    fn check(&self, event: &RawEvent) -> Result<()>;

    /// Whether the envelope of each untyped event of a type is [recorded](crate::audit) when it is published, as it is of a
    /// typed one whose type says `#[event(audit)]`. None is, unless this says otherwise. It is asked whatever
    /// [`SchemaCheck`] says.
    ///
    /// ```
    /// use tekup_core::{EventBus, EventType, RawEvent, Result, Schemas, audit::AuditKind};
    ///
    /// struct OfAccounts;
    ///
    /// impl Schemas for OfAccounts {
    ///     fn check(&self, _: &RawEvent) -> Result<()> {
    ///         Ok(())
    ///     }
    ///     fn audits(&self, event_type: &EventType) -> bool {
    ///         event_type.as_str().starts_with("account.")
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let bus = EventBus::in_memory("import")?;
    /// bus.use_schemas(OfAccounts)?;
    /// let closed = RawEvent::parse(
    ///     r#"{"id": "018f6c9a-0000-7000-8000-000000000016", "type": "account.closed", "tenantId": "acme",
    ///     "timestamp": "2025-09-14T10:15:30.123Z", "data": {"reason": "private"}}"#,
    /// )?;
    /// bus.publish(closed).await?;
    /// assert_eq!(bus.audit(Some(AuditKind::Events), None, 10).await?.records.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    fn audits(&self, event_type: &EventType) -> bool {
        let _ = event_type;
        false
    }
}

/// What happens to an untyped event whose data does not keep the schema of its type.
///
/// ```
/// use tekup_core::SchemaCheck;
/// assert_eq!(SchemaCheck::default(), SchemaCheck::Enforce);
/// assert_eq!("warn".parse::<SchemaCheck>()?, SchemaCheck::Warn);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SchemaCheck {
    /// Nobody looks.
    Off,
    /// It is logged, at most once a minute for each type, and goes on.
    Warn,
    /// It is not published, and dead-lettered where it is stored already. The default.
    #[default]
    Enforce,
}

impl SchemaCheck {
    pub(crate) const NAMES: [&'static str; 3] = ["off", "warn", "enforce"];
    const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Enforce];

    fn named() -> impl Iterator<Item = (Self, &'static str)> {
        Self::ALL.into_iter().zip(Self::NAMES)
    }
}

impl fmt::Display for SchemaCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::named().find(|(one, _)| one == self).map_or("enforce", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for SchemaCheck {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::named().find(|(_, name)| *name == text).map(|(one, _)| one).ok_or_else(|| {
            let message = format!("schema check `{}` is unknown: write off, warn or enforce", shown(text));
            Error::new(ErrorKind::InvalidInput, message)
        })
    }
}

/// A type that is broken again and again must not fill the log.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What a bus lets in; crate-private, though it stands in the signatures of sealed traits.
#[allow(missing_debug_implementations, reason = "nobody outside can name it")]
pub struct Checks {
    pub(crate) limits: Limits,
    mode: SchemaCheck,
    schemas: OnceLock<Box<dyn Schemas>>,
    /// Of each type, when it is told of next, and how many were not told.
    told: Mutex<HashMap<EventType, (Instant, u64)>>,
}

impl Checks {
    pub(crate) fn new(limits: Limits, mode: SchemaCheck) -> Self {
        Self { limits, mode, schemas: OnceLock::new(), told: Mutex::default() }
    }

    pub(crate) fn use_schemas(&self, schemas: impl Schemas) -> Result<()> {
        self.schemas.set(Box::new(schemas)).map_err(|_| {
            let message = "the bus has schemas already: give it all of them at once, before it publishes";
            Error::new(ErrorKind::Conflict, message)
        })
    }

    pub(crate) fn has_schemas(&self) -> bool {
        self.schemas.get().is_some()
    }

    /// What is no event is let through: whoever keeps it on purpose finds it in the dead letters.
    pub(crate) fn if_readable(&self, outgoing: &mut Outgoing) -> Result<()> {
        let is_audited = self.schemas.get().is_some_and(|schemas| schemas.audits(&outgoing.event_type));
        if !is_audited && (self.mode == SchemaCheck::Off || !self.has_schemas()) {
            return Ok(());
        }
        let Ok(event) = RawEvent::parse_within(outgoing.bytes.clone(), &self.limits) else { return Ok(()) };
        self.untyped(&event)?;
        self.note_audit(outgoing, &event);
        Ok(())
    }

    /// What is to be recorded of an untyped event, as it is stored.
    pub(crate) fn note_audit(&self, outgoing: &mut Outgoing, event: &RawEvent) {
        let is_audited = self.schemas.get().is_some_and(|schemas| schemas.audits(&outgoing.event_type));
        if outgoing.audit.is_none() && is_audited {
            let (id, tenant, event_type) = (outgoing.id, outgoing.tenant.clone(), outgoing.event_type.clone());
            let audited = AuditedEvent { id, tenant, event_type, ..AuditedEvent::of(event.envelope()) };
            outgoing.audit = Some(Box::new(audited));
        }
    }

    pub(crate) fn untyped(&self, event: &RawEvent) -> Result<()> {
        let Some(schemas) = self.schemas.get().filter(|_| self.mode != SchemaCheck::Off) else { return Ok(()) };
        let checked = schemas.check(event);
        if self.mode == SchemaCheck::Enforce {
            return checked;
        }
        if let Err(error) = checked {
            self.tell(event, &error);
        }
        Ok(())
    }

    fn tell(&self, event: &RawEvent, error: &Error) {
        let (event_type, now) = (&event.envelope().event_type, Instant::now());
        let mut told = lock(&self.told);
        match told.get_mut(event_type) {
            Some((next, untold)) if now < *next => *untold += 1,
            before => {
                let before = before.map_or(0, |(_, untold)| *untold);
                tracing::warn!(%event_type, event_id = %event.envelope().id, before, %error, "an event breaks the schema of its type");
                told.insert(event_type.clone(), (now + TELL_EVERY, 0));
            }
        }
    }
}
