//! What crosses the wire: envelopes as another program has written them, and what a reader of another language must know
//! of an event.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use tekup_core::TekupEvent;
//! use tekup_testkit::wire::Vectors;
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
//! #[serde(rename_all = "camelCase")]
//! struct LeadCreated {
//!     lead_id: String,
//!     #[serde(default, skip_serializing_if = "Option::is_none")]
//!     company_id: Option<String>,
//! }
//!
//! let vectors = Vectors::parse(
//!     r#"{"lead.created": {"id": "018f6c9a-0000-7000-8000-000000000016", "type": "lead.created", "version": "1.0.0",
//!         "tenantId": "tenant-123", "timestamp": "2025-09-14T10:15:30.123Z",
//!         "data": {"leadId": "lead-123", "companyId": "company-789"}}}"#,
//! );
//! vectors.assert_round_trip::<LeadCreated>();
//! vectors.assert_null_is_absent::<LeadCreated>();
//! assert!(vectors.contract::<LeadCreated>().contains(r#"{"leadId":"lead-123","companyId":"company-789"}"#));
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tekup_core::{Event, RawEvent, Result, TekupEvent};

use crate::fail::fail;

/// Envelopes by their event type, as another program has written them.
///
/// The methods are assertions: they panic with what differs, as assertions do.
#[derive(Debug)]
pub struct Vectors(BTreeMap<String, Value>);

impl Vectors {
    /// Reads a JSON object of envelopes, each under its event type.
    ///
    /// # Panics
    /// If the text is no such object.
    ///
    /// ```
    /// assert_eq!(tekup_testkit::wire::Vectors::parse("{}").types().count(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn parse(json: &str) -> Self {
        match serde_json::from_str(json) {
            Ok(envelopes) => Self(envelopes),
            Err(error) => fail(&format!("the vectors are no object of envelopes: {error}")),
        }
    }

    /// The event types that there is an envelope of.
    ///
    /// ```
    /// let vectors = tekup_testkit::wire::Vectors::parse(r#"{"lead.created": {}}"#);
    /// assert_eq!(vectors.types().collect::<Vec<_>>(), ["lead.created"]);
    /// ```
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Asserts that the envelope of this type is read, and written again as it was: typed to equal JSON, untyped to the
    /// very same bytes.
    ///
    /// # Panics
    /// If not, or if there is no envelope of this type. See the [module](self) for an example.
    #[track_caller]
    pub fn assert_round_trip<T: TekupEvent>(&self) {
        let envelope = self.envelope::<T>();
        assert_eq!(written(&read::<T>(envelope)), *envelope, "`{}` is written otherwise than it was read", T::TYPE);
        let json = envelope.to_string();
        match RawEvent::parse(json.clone()) {
            Ok(raw) => assert_eq!(raw.bytes(), &json),
            Err(error) => fail(&format!("`{}`: {error}", T::TYPE)),
        }
    }

    /// Asserts that each field which need not be there may also be `null`, and is the same as absent then.
    ///
    /// # Panics
    /// If not, or if there is no envelope of this type, or if the envelope lacks such a field: it could not be tried. See
    /// the [module](self) for an example.
    #[track_caller]
    pub fn assert_null_is_absent<T: TekupEvent>(&self) {
        for field in optional_fields::<T>() {
            let (mut null, mut absent) = (self.envelope::<T>().clone(), self.envelope::<T>().clone());
            let held = data(&mut null).insert(field.clone(), Value::Null);
            assert!(held.is_some(), "the envelope of `{}` has no `{field}`", T::TYPE);
            data(&mut absent).remove(&field);
            assert_eq!(written(&read::<T>(&null)), absent, "`{field}` of `{}` is null", T::TYPE);
            assert_eq!(written(&read::<T>(&absent)), absent, "`{field}` of `{}` is absent", T::TYPE);
        }
    }

    /// The event of this type with one value of its data changed, as it is read: an error if it breaks a rule by that.
    ///
    /// # Errors
    /// Those of [`Event::parse`].
    ///
    /// # Panics
    /// If there is no envelope of this type, or its data holds nothing at this JSON pointer.
    ///
    /// ```
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// let json = LeadCreated { score: 1.0 }.event("acme").build()?.to_json()?;
    /// let json = format!(r#"{{"lead.created": {}}}"#, String::from_utf8_lossy(&json));
    /// let vectors = tekup_testkit::wire::Vectors::parse(&json);
    /// assert_eq!(vectors.changed::<LeadCreated>("/score", 2)?.data.score, 2.0);
    /// assert!(vectors.changed::<LeadCreated>("/score", "high").is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[track_caller]
    pub fn changed<T: TekupEvent>(&self, pointer: &str, value: impl Into<Value>) -> Result<Event<T>> {
        let mut envelope = self.envelope::<T>().clone();
        match envelope.pointer_mut(&format!("/data{pointer}")) {
            Some(place) => *place = value.into(),
            None => fail(&format!("the envelope of `{}` has no `{pointer}`", T::TYPE)),
        }
        Event::parse(envelope.to_string())
    }

    /// Asserts that the event with one value of its data changed is refused, and that the error tells this.
    ///
    /// # Panics
    /// If it is read, or the error tells something else; and as [`Vectors::changed`].
    ///
    /// ```
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # let json = LeadCreated { score: 1.0 }.event("acme").build()?.to_json()?;
    /// # let json = format!(r#"{{"lead.created": {}}}"#, String::from_utf8_lossy(&json));
    /// # let vectors = tekup_testkit::wire::Vectors::parse(&json);
    /// vectors.assert_refused::<LeadCreated>("/score", "high", "at `data.score`");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[track_caller]
    pub fn assert_refused<T: TekupEvent>(&self, pointer: &str, value: impl Into<Value>, told: &str) {
        match self.changed::<T>(pointer, value) {
            Ok(_) => fail(&format!("`{}` is read though its `{pointer}` is wrong", T::TYPE)),
            Err(error) => assert!(error.to_string().contains(told), "`{told}` is not told: {error}"),
        }
    }

    /// All that a reader of another language must know of an event: its type, version and priority, its data on the wire,
    /// its JSON Schema. Keep it as a snapshot, and no change of it goes unseen.
    ///
    /// # Panics
    /// If there is no envelope of this type. See the [module](self) for an example.
    #[must_use]
    #[track_caller]
    pub fn contract<T: TekupEvent>(&self) -> String {
        let event = read::<T>(self.envelope::<T>());
        let schema = T::descriptor().schema();
        match (event.to_raw(), serde_json::to_string_pretty(&schema)) {
            (Ok(raw), Ok(schema)) => {
                format!("{} {} {}\n\n{}\n\n{schema}", T::TYPE, T::VERSION, T::PRIORITY, raw.json())
            }
            (raw, schema) => fail(&format!("`{}` can't be written: {:?} {:?}", T::TYPE, raw.err(), schema.err())),
        }
    }

    #[track_caller]
    fn envelope<T: TekupEvent>(&self) -> &Value {
        match self.0.get(T::TYPE) {
            Some(envelope) => envelope,
            None => fail(&format!("there is no envelope of `{}`", T::TYPE)),
        }
    }
}

/// Asserts that the JSON Schema of an event has an example (`#[schemars(example = ..)]`), and that each could be published and
/// read: it has the shape of the type and keeps its rules.
///
/// # Panics
/// If not.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_core::TekupEvent;
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[schemars(example = LeadCreated { score: 75.0 })]
/// struct LeadCreated {
///     score: f64,
/// }
///
/// tekup_testkit::wire::assert_example::<LeadCreated>();
/// ```
#[track_caller]
pub fn assert_example<T: TekupEvent>() {
    let schema = T::descriptor().schema();
    let examples = schema.get("examples").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    assert!(!examples.is_empty(), "the schema of `{}` has no example", T::TYPE);
    for example in examples {
        let envelope = json!({"id": "018f6c9a-0000-7000-8000-000000000016", "type": T::TYPE, "version": T::VERSION,
            "tenantId": "tenant-123", "timestamp": "2025-09-14T10:15:30.123Z", "data": example});
        written(&read::<T>(&envelope));
    }
}

#[track_caller]
fn read<T: TekupEvent>(envelope: &Value) -> Event<T> {
    match Event::parse(envelope.to_string()) {
        Ok(event) => event,
        Err(error) => fail(&format!("`{}`: {error}", T::TYPE)),
    }
}

#[track_caller]
fn written<T: TekupEvent>(event: &Event<T>) -> Value {
    let json = event.to_json().map(|json| serde_json::from_slice(&json));
    match json {
        Ok(Ok(json)) => json,
        other => fail(&format!("`{}` can't be written: {other:?}", T::TYPE)),
    }
}

#[track_caller]
fn data(envelope: &mut Value) -> &mut Map<String, Value> {
    match envelope.get_mut("data") {
        Some(Value::Object(data)) => data,
        other => fail(&format!("the envelope's data is {other:?}")),
    }
}

fn optional_fields<T: TekupEvent>() -> Vec<String> {
    let schema = T::descriptor().schema();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    fields.filter(|field| !required.contains(&Value::from(field.as_str()))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    struct WithoutOne {}

    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[schemars(example = Self { score: 1.0 }, example = "high".to_owned())]
    struct WithAWrongOne {
        score: f64,
    }

    #[test]
    #[should_panic(expected = "the schema of `without.one` has no example")]
    fn a_schema_without_an_example_is_told() {
        assert_example::<WithoutOne>();
    }

    #[test]
    #[should_panic(expected = "`with.a.wrong.one`: event can't be decoded at `data`")]
    fn an_example_of_another_shape_is_told() {
        assert_example::<WithAWrongOne>();
    }
}
