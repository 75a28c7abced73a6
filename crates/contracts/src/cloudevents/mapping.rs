//! Which attribute holds which field: written down once, for both directions.

use serde_json::value::RawValue;
use tekup_core::Envelope;

use super::{
    attribute,
    fields::{Fields, is_null, raw, text},
    rest::REST,
};
use crate::{contract, strict};

/// An attribute, and the field of the envelope that it holds under another name.
const RENAMED: [(&str, &str); 5] =
    [("id", "id"), ("type", "type"), ("tenantid", "tenantId"), ("userid", "userId"), ("time", "timestamp")];

/// An attribute, and the field of the metadata that it holds.
const METADATA: [(&str, &str); 4] = [
    ("correlationid", "correlationId"),
    ("causationid", "parentEventId"),
    ("traceparent", "traceparent"),
    ("tracestate", "tracestate"),
];

/// Attributes that are also written as a copy of the envelope's own field, for those who follow traces.
const COPIED: [&str; 2] = ["traceparent", "tracestate"];

/// Fields of the envelope whose names attributes could have, and must not: they would be taken for those fields.
pub(super) const TAKEN: [&str; 3] = ["version", "timestamp", "metadata"];

const JSON: &str = "application/json";

/// An envelope without its data, or a part of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// With `metadata` only where that is null or empty.
    pub(super) fields: Fields,
    pub(super) metadata: Fields,
}

impl Parts {
    /// The last of each name counts.
    pub(super) fn of(mut fields: Fields) -> Result<Self, String> {
        let Some(written) = fields.get("metadata").filter(|written| !is_null(written)) else {
            return Ok(Self { fields, metadata: Fields::new() });
        };
        let metadata = strict::members(written.get().as_bytes())?.fields;
        if !metadata.is_empty() {
            fields.remove("metadata");
        }
        Ok(Self { fields, metadata })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.metadata.is_empty()
    }

    pub(super) fn into_fields(mut self) -> Result<Fields, String> {
        if !self.metadata.is_empty() {
            self.fields.insert("metadata".into(), raw(&self.metadata)?);
        }
        Ok(self.fields)
    }
}

/// The attributes that an envelope is written with, but for [`REST`].
pub(super) fn attributes(parts: &Parts, envelope: &Envelope) -> Result<Fields, String> {
    let Parts { fields, metadata } = parts;
    let renamed = RENAMED.iter().filter_map(|(name, field)| Some((*name, fields.get(*field)?)));
    let of_metadata = METADATA.iter().filter_map(|(name, field)| {
        let copied = || fields.get(*name).filter(|_| COPIED.contains(name));
        Some((*name, metadata.get(*field).or_else(copied)?))
    });
    // One that looks like ours would be taken for the version.
    let is_version = |value: &RawValue| version(value, envelope.event_type.as_str()).is_some();
    let free = fields.iter().filter(|(name, value)| is_free(name) && !(*name == "dataschema" && is_version(value)));
    let free = free.map(|(name, value)| (name.as_str(), value));
    let allowed = renamed.chain(of_metadata).chain(free).filter(|(name, value)| attribute::check(name, value).is_ok());
    let mut attributes = by_default(parts, envelope)?;
    attributes.extend(allowed.map(|(name, value)| (name.to_owned(), value.clone())));
    Ok(attributes)
}

fn by_default(parts: &Parts, envelope: &Envelope) -> Result<Fields, String> {
    let mut attributes = Fields::from([
        ("specversion".into(), raw("1.0")?),
        ("source".into(), raw(&source(envelope.tenant.as_str()))?),
        ("datacontenttype".into(), raw(JSON)?),
    ]);
    if parts.fields.contains_key("version") {
        attributes.insert("dataschema".into(), raw(&contract::id(&envelope.event_type, &envelope.version))?);
    }
    Ok(attributes)
}

/// Whether a field of the envelope may become the attribute of its name.
fn is_free(name: &str) -> bool {
    let is_held = RENAMED.iter().chain(&METADATA).any(|(attribute, field)| name == *attribute || name == *field);
    !is_held && !TAKEN.contains(&name) && !["specversion", REST].contains(&name)
}

/// What an envelope holds and its attributes don't give back.
pub(super) fn rest(parts: &Parts, attributes: &Fields) -> Parts {
    let mut rest = Parts::default();
    rest.fields = missing(&parts.fields, &assemble(attributes, &rest).fields);
    rest.metadata = missing(&parts.metadata, &assemble(attributes, &rest).metadata);
    rest
}

fn missing(wanted: &Fields, held: &Fields) -> Fields {
    let is_held = |name: &str, value: &str| held.get(name).is_some_and(|held| held.get() == value);
    let missing = wanted.iter().filter(|(name, value)| !is_held(name, value.get()));
    missing.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The envelope that attributes and the rest make.
pub(super) fn assemble(attributes: &Fields, rest: &Parts) -> Parts {
    let Parts { mut fields, mut metadata } = rest.clone();
    let told = |name| attributes.get(name).and_then(|value| text(value)).unwrap_or_default();
    let (event_type, tenant) = (told("type"), told("tenantid"));
    for (name, value) in attributes {
        if let Some(field) = held_by(name, &METADATA) {
            // One that the rest has as a field of the envelope is a copy.
            if !rest.fields.contains_key(name) {
                metadata.entry(field.into()).or_insert_with(|| value.clone());
            }
        } else if let Some(version) = version(value, &event_type).filter(|_| name == "dataschema") {
            fields.entry("version".into()).or_insert(version);
        } else if !is_default(name, value, &tenant) {
            let field = held_by(name, &RENAMED).unwrap_or(name);
            fields.entry(field.into()).or_insert_with(|| value.clone());
        }
    }
    Parts { fields, metadata }
}

fn held_by(attribute: &str, table: &[(&str, &'static str)]) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == attribute).map(|(_, field)| *field)
}

/// The version that a `dataschema` of ours names.
fn version(schema: &RawValue, event_type: &str) -> Option<Box<RawValue>> {
    raw(&contract::version_of(&text(schema)?, event_type)?).ok()
}

/// Whether the attribute says what is written by default, and no field.
fn is_default(name: &str, value: &RawValue, tenant: &str) -> bool {
    match name {
        "specversion" => true,
        "source" => text(value).is_some_and(|text| text == source(tenant)),
        "datacontenttype" => text(value).is_some_and(|text| text == JSON),
        _ => false,
    }
}

/// A tenant's name holds nothing that a URN may not hold.
fn source(tenant: &str) -> String {
    format!("urn:tekup:tenant:{tenant}")
}
