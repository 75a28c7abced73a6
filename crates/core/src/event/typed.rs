use std::borrow::Cow;

use bytes::Bytes;
use schemars::{Schema, generate::Contract};
use serde_json::value::RawValue;

use super::{Draft, EventDescriptor, RawEvent, version};
use crate::{
    envelope::{self, Envelope},
    error::{Error, ErrorKind, Result},
    ids::{SchemaVersion, TenantId},
    priority::Priority,
};

/// Data that can travel as an event. Derive it: see the derive macro of the same name.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_core::{Priority, TekupEvent};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[serde(rename_all = "camelCase")]
/// #[event(type = "invoice.paid", version = "1.0.0", priority = "high")]
/// pub struct InvoicePaid {
///     pub invoice_id: String,
///     pub amount: f64,
/// }
///
/// assert_eq!(InvoicePaid::TYPE, "invoice.paid");
/// assert_eq!(InvoicePaid::PRIORITY, Priority::High);
/// let event = InvoicePaid { invoice_id: "i-1".into(), amount: 12.5 }.event("tenant-123").user("user-456").build()?;
/// assert_eq!(event.data.amount, 12.5);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "add `TekupEvent` to the derives of `{Self}`, beside `Serialize`, `Deserialize` and `JsonSchema`"
)]
pub trait TekupEvent: Sized + Send + Sync + 'static {
    /// The event type, such as `invoice.paid`.
    const TYPE: &'static str;
    /// The version of the data's shape, such as `1.0.0`.
    const VERSION: &'static str;
    /// The priority of an event that is published without one.
    const PRIORITY: Priority;
    /// Whether the envelope of each published event is [recorded](crate::audit).
    const AUDIT: bool = false;

    /// What a registry knows of this type of event.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let descriptor = LeadCreated::descriptor();
    /// assert_eq!(descriptor.event_type.as_str(), "lead.created");
    /// assert!(descriptor.schema().get("properties").is_some());
    /// ```
    #[must_use]
    fn descriptor() -> EventDescriptor {
        EventDescriptor::of::<Self>()
    }

    /// An event of a tenant with this data, to be completed by chaining and published.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let event = LeadCreated { score: 75.0 }.event("tenant-123").user("user-456").build()?;
    /// assert_eq!(event.envelope.user.unwrap().as_str(), "user-456");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    fn event<T>(self, tenant: T) -> Draft<Self>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        Draft::new(self, tenant)
    }

    /// An event of a tenant that a user caused: the factory of the TypeScript package.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let event = LeadCreated::create("tenant-123", "user-456", LeadCreated { score: 75.0 }).build()?;
    /// assert_eq!(event.envelope.tenant.as_str(), "tenant-123");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    fn create<T, U>(tenant: T, user: U, data: Self) -> Draft<Self>
    where
        T: TryInto<TenantId>,
        U: TryInto<crate::ids::UserId>,
        Error: From<T::Error> + From<U::Error>,
    {
        Draft::new(data, tenant).user(user)
    }

    #[doc(hidden)]
    const __MAJOR: u64 = version::major(Self::VERSION);
    /// Data that was written at an older major version; `None` if this type reads none.
    #[doc(hidden)]
    fn __upcast(version: &SchemaVersion, data: &str) -> Option<Result<Self>> {
        let (_, _) = (version, data);
        None
    }
    /// Which rules of its type the data breaks.
    #[doc(hidden)]
    fn __violations(&self) -> Vec<String> {
        Vec::new()
    }
    #[doc(hidden)]
    fn __schema(contract: Contract) -> Schema;
    #[doc(hidden)]
    fn __write(&self, envelope: &Envelope) -> Result<Vec<u8>>;
    #[doc(hidden)]
    fn __read(json: &[u8]) -> Result<Event<Self>>;
    #[doc(hidden)]
    fn __decode(data: &str) -> Result<Self>;
}

/// A fact: an envelope and typed data.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Event, TekupEvent};
/// # #[derive(Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// let event = LeadCreated { score: 75.0 }.event("tenant-123").build()?;
/// let json = event.to_json()?;
/// assert_eq!(Event::<LeadCreated>::parse(&json)?, event);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Event<T> {
    /// What travels with the data.
    pub envelope: Envelope,
    /// The data.
    pub data: T,
}

impl<T: TekupEvent> Event<T> {
    /// Reads an event of this type from its wire form.
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`] if the bytes are no event, another type's, or their data has another shape, with the
    /// path of what is wrong; [`ErrorKind::UnknownVersion`] if it was written at a version that this type does not read;
    /// [`ErrorKind::Invalid`] if the data breaks rules of its type, with all of them.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Event, TekupEvent};
    /// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let error = Event::<LeadCreated>::parse(b"{}").unwrap_err();
    /// assert_eq!(error.kind(), tekup_core::ErrorKind::Undecodable);
    /// ```
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self> {
        let read = T::__read(json.as_ref());
        let is_of_this_major = read.as_ref().is_ok_and(|event| event.envelope.version.major() == T::__MAJOR);
        let event = if is_of_this_major { read? } else { Self::of_another_version(json.as_ref(), read)? };
        event.envelope.expect_type(T::TYPE)?;
        event.data.keeps_rules()?;
        Ok(event)
    }

    /// What could not be read directly, or should not have been.
    fn of_another_version(json: &[u8], read: Result<Self>) -> Result<Self> {
        let Ok((envelope, data)) = envelope::read::<&RawValue>(json) else { return read };
        if envelope.version.major() == T::__MAJOR {
            return read;
        }
        envelope.expect_type(T::TYPE)?;
        let data = version::decode(&envelope.version, data.get())?;
        Ok(Self { envelope, data })
    }

    /// The wire form, at the version of this type: an event that was written at another version and is written again has the
    /// shape of this one.
    ///
    /// # Errors
    /// [`ErrorKind::Unencodable`] if the data holds what JSON can't, such as NaN, or the envelope is of another type of event;
    /// [`ErrorKind::Invalid`] if it breaks rules
    /// of its type or holds an [`UnknownValue`](crate::UnknownValue). All that is wrong is told at once.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// assert!(LeadCreated { score: 75.0 }.event("acme").build()?.to_json().is_ok());
    /// assert!(LeadCreated { score: f64::NAN }.event("acme").build()?.to_json().is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Result<Vec<u8>> {
        self.to_json_in(&self.envelope)
    }

    /// With another envelope, which may say more.
    pub(crate) fn to_json_in(&self, envelope: &Envelope) -> Result<Vec<u8>> {
        let written = Self::own(envelope).and_then(|envelope| self.data.__write(&envelope));
        let Err(mut broken) = self.data.keeps_rules() else { return written };
        if let Err(error) = written {
            broken = broken.and(error.problems());
        }
        Err(broken)
    }

    /// The envelope as it goes with data of this type.
    fn own(envelope: &Envelope) -> Result<Cow<'_, Envelope>> {
        let Envelope { id, event_type, version, .. } = envelope;
        if event_type.as_str() != T::TYPE {
            let message = format!(
                "event {id} says that it is a `{event_type}`, and its data is that of a `{}`: begin an event of its own",
                T::TYPE
            );
            return Err(Error::new(ErrorKind::Unencodable, message));
        }
        let own: SchemaVersion = T::VERSION.parse()?;
        if *version == own {
            return Ok(Cow::Borrowed(envelope));
        }
        Ok(Cow::Owned(Envelope { version: own, ..envelope.clone() }))
    }

    /// The same event with its data unparsed.
    ///
    /// # Errors
    /// As [`Event::to_json`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let raw = LeadCreated { score: 75.0 }.event("acme").build()?.to_raw()?;
    /// assert_eq!(raw.json(), r#"{"score":75}"#);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn to_raw(&self) -> Result<RawEvent> {
        RawEvent::parse(Bytes::from(self.to_json()?))
    }
}

/// Whether data keeps the rules of its type.
pub(super) trait Rules {
    /// # Errors
    /// [`ErrorKind::Invalid`] with every rule that is broken.
    fn keeps_rules(&self) -> Result<()>;
}

impl<T: TekupEvent> Rules for T {
    fn keeps_rules(&self) -> Result<()> {
        let broken = self.__violations();
        if broken.is_empty() {
            return Ok(());
        }
        Err(Error::from_problems(ErrorKind::Invalid, broken))
    }
}

impl Envelope {
    pub(crate) fn expect_type(&self, expected: &str) -> Result<()> {
        if self.event_type.as_str() == expected {
            return Ok(());
        }
        let message =
            format!("event {} is a `{}`, not a `{expected}`: ask `is` before decoding", self.id, self.event_type);
        Err(Error::new(ErrorKind::Undecodable, message))
    }
}
