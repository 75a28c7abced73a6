//! Events as [CloudEvents](https://cloudevents.io) 1.0, in the structured mode of their JSON format, and back.
//!
//! For the edges of the bus: an HTTP endpoint, a file, a broker of somebody else's. There is no official CloudEvents binding
//! for Redis, and on the bus events stay envelopes.
//!
//! ```
//! use tekup_contracts::cloudevents;
//! use tekup_core::RawEvent;
//!
//! let event = RawEvent::parse(
//!     r#"{"id": "018f6c9a-0000-7000-8000-000000000016", "type": "lead.created", "version": "1.0.0",
//!     "tenantId": "acme", "timestamp": "2025-09-14T10:15:30.123Z", "metadata": {"correlationId": "c-1", "sessionId": "s-1"},
//!     "data": {"leadId": "lead-123", "score": 1.10}}"#,
//! )?;
//! let json = cloudevents::write(&event)?;
//! assert_eq!(
//!     json,
//!     concat!(
//!         r#"{"specversion":"1.0","id":"018f6c9a-0000-7000-8000-000000000016","source":"urn:tekup:tenant:acme","#,
//!         r#""type":"lead.created","time":"2025-09-14T10:15:30.123Z","datacontenttype":"application/json","#,
//!         r#""dataschema":"urn:tekup:event:lead.created:1.0.0","tenantid":"acme","correlationid":"c-1","#,
//!         r#""tekupenvelope":"{\"metadata\":{\"sessionId\":\"s-1\"}}","data":{"leadId": "lead-123", "score": 1.10}}"#,
//!     )
//! );
//! assert_eq!(cloudevents::read(&json)?.envelope(), event.envelope());
//! # Ok::<(), tekup_core::Error>(())
//! ```
//!
//! # What stands where
//!
//! | attribute | in our envelope |
//! |---|---|
//! | `specversion` | nowhere; `1.0` |
//! | `id`, `type`, `tenantid`, `userid`, `time` | `id`, `type`, `tenantId`, `userId`, `timestamp`, as they are written |
//! | `source` | nowhere if it is `urn:tekup:tenant:<tenantid>`, which is written by default; else the field `source` |
//! | `datacontenttype` | nowhere if it is `application/json`, which is written by default; else the field `datacontenttype` |
//! | `dataschema` | `version` if it is `urn:tekup:event:<type>:<version>`, the `$id` of the event's schema; else the field `dataschema` |
//! | `correlationid`, `causationid` | `correlationId`, `parentEventId` in `metadata` |
//! | `traceparent`, `tracestate` | the same in `metadata`; those of the envelope itself are written too, as a copy |
//! | `subject` and any other attribute | the field of that name |
//! | `tekupenvelope` | what no attribute holds: the rest of `metadata`, and fields whose name or value no attribute may have |
//! | `data` | `data`, to the byte; absent is `null` |
//!
//! A field is held by an attribute only if reading gives back that very field; else it is in `tekupenvelope`, which is a string
//! with the JSON object `{"metadata": {..}, ..}`, and wins over an attribute that says something else.
//!
//! The bus tells duplicates by tenant and id, CloudEvents by source and id: hence the default of `source`. Foreign events of one
//! tenant need ids that differ, whatever their sources.
//!
//! # What a CloudEvent must have besides
//!
//! The specification asks for `id`, `source`, `specversion` and `type`. The bus needs more: an `id` that is a UUID, a `type`
//! such as `lead.created`, a `time`, a `tenantid`, and data that is JSON, plain or in `data_base64`. What is refused is told
//! attribute by attribute, all at once. A batch is refused: read its events one by one.

mod attribute;
mod fields;
mod mapping;
mod read;
mod rest;

use tekup_core::{Error, ErrorKind, RawEvent, Result};

use self::{mapping::Parts, rest::REST};
use crate::strict;

/// The `Content-Type` of one event in structured mode.
///
/// ```
/// assert_eq!(tekup_contracts::cloudevents::MEDIA_TYPE, "application/cloudevents+json");
/// ```
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// An event as a CloudEvent.
///
/// Its data is written as it stands: no number changes. Reading it gives an event that is equal but for the order of its
/// members. See the [module](self) for an example.
///
/// # Errors
/// [`ErrorKind::Unencodable`]; no event is known that causes it.
pub fn write(event: &RawEvent) -> Result<String> {
    written(event).map_err(|told| {
        let message = format!("event {} can't be written as a CloudEvent: {told}", event.envelope().id);
        Error::new(ErrorKind::Unencodable, message)
    })
}

/// A CloudEvent as an event, within the default [`Limits`](tekup_core::Limits).
///
/// # Errors
/// [`ErrorKind::Undecodable`] with every attribute that is missing or wrong, and what to do; the [module](self) says what
/// is asked for. [`ErrorKind::TooLarge`] beyond the limits.
///
/// ```
/// use tekup_contracts::cloudevents;
///
/// let event = cloudevents::read(
///     r#"{"specversion": "1.0", "id": "018f6c9a-0000-7000-8000-000000000016", "source": "/forms/signup", "subject": "form-7",
///     "type": "com.example.lead-found", "time": "2025-09-14T10:15:30Z", "tenantid": "acme", "data": {"score": 75}}"#,
/// )?;
/// assert_eq!(event.envelope().event_type.as_str(), "com.example.lead-found");
/// assert_eq!(event.json(), r#"{"score": 75}"#);
///
/// let error = cloudevents::read(r#"{"specversion": "1.0", "id": "7", "source": "/forms", "type": "lead.found"}"#).unwrap_err();
/// assert!(error.problems()[0].starts_with("`id` is no UUID: derive one"));
/// assert!(error.problems().contains(&"`tenantid` is missing: say whose event it is".to_owned()));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub fn read(json: impl AsRef<[u8]>) -> Result<RawEvent> {
    read::read(json.as_ref())
}

fn written(event: &RawEvent) -> Result<String, String> {
    let mut envelope = Parts::of(strict::members(event.bytes())?.fields)?;
    let data = envelope.fields.remove("data");
    let mut attributes = mapping::attributes(&envelope, event.envelope())?;
    let rest = mapping::rest(&envelope, &attributes);
    if !rest.is_empty() {
        attributes.insert(REST.into(), rest::write(rest)?);
    }
    attributes.extend(data.map(|data| ("data".into(), data)));
    fields::json(&attributes, &FIRST)
}

/// For those who read the JSON: what an event is comes first, as in the specification.
const FIRST: [&str; 9] =
    ["specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "tenantid", "userid"];
