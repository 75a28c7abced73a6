//! A CloudEvent read: all that is wrong with it is collected, then told at once.

use data_encoding::BASE64;
use serde_json::value::RawValue;
use tekup_core::{Error, ErrorKind, RawEvent, Result};

use super::{
    attribute,
    fields::{self, Fields, is_null, text},
    mapping::{self, Parts, TAKEN},
    rest::{self, REST},
};
use crate::{place::shown, strict};

/// What must be there, and what to do if it is not.
const REQUIRED: [(&str, &str); 6] = [
    ("specversion", "write `1.0`"),
    ("id", "give the event a UUID, best a UUIDv7"),
    ("source", "say where the event comes from, as a URI reference"),
    ("type", "say what happened, such as `lead.created`"),
    ("time", "say when it happened, such as 2025-09-14T10:15:30.123Z"),
    ("tenantid", "say whose event it is"),
];

/// The order in which our envelope is written.
const FIRST: [&str; 7] = ["id", "type", "version", "tenantId", "userId", "timestamp", "metadata"];

/// The most mistakes of one event that are told.
const MOST: usize = 20;

pub(super) fn read(json: &[u8]) -> Result<RawEvent> {
    let mut document = Document::of(json)?;
    let data = document.take_data();
    let rest = document.take_rest();
    document.check();
    document.checked()?;
    let envelope = document.envelope(&rest, data).map_err(|told| undecodable(vec![told]))?;
    RawEvent::parse(envelope)
}

/// Members that are not yet looked at, and what is wrong with the others.
struct Document {
    members: Fields,
    problems: Vec<String>,
}

impl Document {
    fn of(json: &[u8]) -> Result<Self> {
        let mut found = strict::members(json).map_err(|told| undecodable(vec![format!("a CloudEvent {told}")]))?;
        let problems = found.twice.iter().map(|name| strict::twice(&shown(name))).collect();
        // To be null is to be absent, but not for the data.
        found.fields.retain(|name, value| name == "data" || !is_null(value));
        Ok(Self { members: found.fields, problems })
    }

    fn take_data(&mut self) -> Option<Box<RawValue>> {
        match (self.members.remove("data"), self.members.remove("data_base64")) {
            (data, None) => data,
            (None, Some(encoded)) => self.decoded(&encoded),
            (Some(_), Some(_)) => self.refuse("`data` and `data_base64` exclude each other: keep one of them"),
        }
    }

    /// By the specification, data in base64 is JSON only where the content type says so.
    fn decoded(&mut self, encoded: &RawValue) -> Option<Box<RawValue>> {
        if !self.members.contains_key("datacontenttype") {
            return self.refuse("`data_base64` has no `datacontenttype`: say `application/json` if it is JSON");
        }
        let bytes = text(encoded).and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok());
        let json = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        json.and_then(|json| RawValue::from_string(json).ok())
            .or_else(|| self.refuse("`data_base64` is no JSON in base64: write the JSON itself into `data`"))
    }

    fn take_rest(&mut self) -> Parts {
        let Some(written) = self.members.get(REST) else { return Parts::default() };
        if let Err(told) = attribute::check(REST, written) {
            self.members.remove(REST);
            return self.refuse(told).unwrap_or_default();
        }
        let json = self.members.remove(REST).and_then(|written| text(&written)).unwrap_or_default();
        rest::read(&json, &self.members).map_err(|told| self.problems.extend(told)).unwrap_or_default()
    }

    fn check(&mut self) {
        for (name, value) in &self.members {
            self.problems.extend(attribute::check(name, value).err());
        }
        for name in TAKEN.iter().filter(|name| self.members.contains_key(**name)) {
            self.problems.push(format!("`{name}` is taken by the envelope's own: give the attribute another name"));
        }
        for (name, advice) in REQUIRED.iter().filter(|(name, _)| !self.members.contains_key(*name)) {
            self.problems.push(format!("`{name}` is missing: {advice}"));
        }
    }

    fn refuse<T>(&mut self, told: impl Into<String>) -> Option<T> {
        self.problems.push(told.into());
        None
    }

    fn checked(&mut self) -> Result<()> {
        self.problems.truncate(MOST);
        if self.problems.is_empty() { Ok(()) } else { Err(undecodable(std::mem::take(&mut self.problems))) }
    }

    fn envelope(&self, rest: &Parts, data: Option<Box<RawValue>>) -> Result<String, String> {
        let mut envelope = mapping::assemble(&self.members, rest).into_fields()?;
        envelope.insert("data".into(), data.unwrap_or_else(|| RawValue::NULL.to_owned()));
        fields::json(&envelope, &FIRST)
    }
}

fn undecodable(problems: Vec<String>) -> Error {
    Error::from_problems(ErrorKind::Undecodable, problems)
}
