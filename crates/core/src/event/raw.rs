use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{TekupEvent, typed::Rules as _, version};
use crate::{
    envelope::{self, Envelope, Limits},
    error::Result,
    spans::TraceContext,
};

/// An event whose data is not parsed: what a subscription to several types gets, and what tools work on.
///
/// Holds the bytes as they were stored; they are never rewritten.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{RawEvent, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// let raw = RawEvent::parse(LeadCreated { score: 75.0 }.event("acme").build()?.to_json()?)?;
/// assert!(raw.is::<LeadCreated>());
/// assert_eq!(raw.decode::<LeadCreated>()?.data.score, 75.0);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RawEvent {
    envelope: Envelope,
    bytes: Bytes,
    /// Where the data lies in the bytes.
    data: std::ops::Range<usize>,
}

impl RawEvent {
    /// Reads an event from its wire form, within the default [`Limits`].
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`](crate::ErrorKind::Undecodable) if the bytes are no event, with the path of what is
    /// wrong; [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) beyond the limits.
    ///
    /// ```
    /// use tekup_core::RawEvent;
    /// let error = RawEvent::parse("{\"id\":1}").unwrap_err();
    /// assert!(error.to_string().contains("`id`"), "{error}");
    /// ```
    pub fn parse(json: impl Into<Bytes>) -> Result<Self> {
        Self::parse_within(json.into(), &Limits::default())
    }

    /// The same with a trace context, where one is given.
    pub(crate) fn traced(&self, context: Option<&TraceContext>, limits: &Limits) -> Result<Cow<'_, Self>> {
        let Cow::Owned(envelope) = self.envelope.traced(context)? else { return Ok(Cow::Borrowed(self)) };
        let data = envelope::decode_data::<Box<RawValue>>(self.json())?;
        Self::parse_within(envelope::write(&envelope, &data)?.into(), limits).map(Cow::Owned)
    }

    pub(crate) fn parse_within(bytes: Bytes, limits: &Limits) -> Result<Self> {
        limits.check(&bytes)?;
        let (envelope, data) = envelope::read::<&RawValue>(&bytes)?;
        limits.check_metadata(envelope.metadata.0.size())?;
        let start = data.get().as_ptr() as usize - bytes.as_ptr() as usize;
        let data = start..start + data.get().len();
        Ok(Self { envelope, bytes, data })
    }

    /// What travels with the data.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let raw = LeadCreated { score: 75.0 }.event("acme").build()?.to_raw()?;
    /// assert_eq!(raw.envelope().tenant.as_str(), "acme");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The data as it was written.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let raw = LeadCreated { score: 0.5 }.event("acme").build()?.to_raw()?;
    /// assert_eq!(raw.json(), r#"{"score":0.5}"#);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn json(&self) -> &str {
        // The range was taken from a str within these bytes.
        self.bytes.get(self.data.clone()).and_then(|data| std::str::from_utf8(data).ok()).unwrap_or_default()
    }

    /// The whole event as it was written.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{RawEvent, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let json = LeadCreated { score: 0.5 }.event("acme").build()?.to_json()?;
    /// assert_eq!(RawEvent::parse(json.clone())?.bytes(), &json);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the event has the type `T`.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored {}
    /// let raw = LeadCreated {}.event("acme").build()?.to_raw()?;
    /// assert!(raw.is::<LeadCreated>());
    /// assert!(!raw.is::<LeadScored>());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn is<T: TekupEvent>(&self) -> bool {
        self.envelope.event_type.as_str() == T::TYPE
    }

    /// The event with its data typed.
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`](crate::ErrorKind::Undecodable) if the event has another type, or its data another
    /// shape; [`ErrorKind::UnknownVersion`](crate::ErrorKind::UnknownVersion) if it was written at a version that `T` does
    /// not read; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the data breaks rules of its type, with all of them.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let raw = LeadCreated { score: 0.5 }.event("acme").build()?.to_raw()?;
    /// assert_eq!(raw.decode::<LeadCreated>()?.data.score, 0.5);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn decode<T: TekupEvent>(&self) -> Result<super::Event<T>> {
        self.envelope.expect_type(T::TYPE)?;
        let data: T = version::decode(&self.envelope.version, self.json())?;
        data.keeps_rules()?;
        Ok(super::Event { envelope: self.envelope.clone(), data })
    }
}

/// Equal if their stored bytes are.
impl PartialEq for RawEvent {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for RawEvent {}
