//! What the specification allows of an attribute, and what the bus asks of it besides.

use jsonschema::Uri;
use serde_json::value::RawValue;
use tekup_core::{EventId, EventType, TenantId, Timestamp, UserId};

use super::{fields::text, rest::REST};

/// Attributes that are strings, and never empty.
const TEXTS: [&str; 14] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "dataschema",
    "subject",
    "tenantid",
    "userid",
    "correlationid",
    "causationid",
    "traceparent",
    REST,
];

/// Why there can't be this attribute with this value, and what to do.
pub(super) fn check(name: &str, value: &RawValue) -> Result<(), String> {
    let told = if is_name(name) { broken_by(name, value) } else { Some(NAME.into()) };
    told.map_or(Ok(()), |told| Err(format!("`{}` {told}", crate::place::shown(name))))
}

const NAME: &str = "is no name of an attribute: use lower-case ASCII letters and digits";

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

fn broken_by(name: &str, value: &RawValue) -> Option<String> {
    let json = value.get();
    let broken = match json.as_bytes().first() {
        Some(b'"') => match text(value) {
            Some(text) => return broken_by_text(name, &text),
            None => "holds half of a surrogate pair: leave it out",
        },
        _ if TEXTS.contains(&name) => "is no string: write it as one",
        Some(b'{' | b'[') => "is an object or an array, which no attribute may be: move it into the data",
        Some(b'n') => "is null",
        Some(b't' | b'f') => return None,
        _ if json.parse::<i32>().is_ok() => return None,
        _ => "is a number, and no integer of 32 bits: write it as a string",
    };
    Some(broken.into())
}

fn broken_by_text(name: &str, text: &str) -> Option<String> {
    if let Some(bad) = text.chars().find(|c| is_forbidden(*c)) {
        return Some(format!("holds U+{:04X}, which no attribute may hold: leave it out", u32::from(bad)));
    }
    if text.is_empty() && TEXTS.contains(&name) {
        return Some("is empty: give it a value, or leave it out if it is optional".into());
    }
    let told = |error: tekup_core::Error| format!("is wrong: {error}");
    match name {
        "specversion" => (text != "1.0").then(|| "is not `1.0`, the only one that is read: convert the event".into()),
        "id" => text.parse::<EventId>().err().map(|_| ID.into()),
        "type" => EventType::new(text).map_err(told).err(),
        "tenantid" => TenantId::new(text).map_err(told).err(),
        "userid" => UserId::new(text).map_err(told).err(),
        "time" => text.parse::<Timestamp>().map_err(told).err(),
        "source" => (!is_uri_reference(text)).then(|| "is no URI reference: escape what a URI may not hold".into()),
        "dataschema" => (!is_uri(text)).then(|| "is no absolute URI: begin it with a scheme, such as `https:`".into()),
        "datacontenttype" => (!is_json(text)).then(|| CONTENT.into()),
        _ => None,
    }
}

const ID: &str =
    "is no UUID: derive one (a UUIDv5) from `source` and `id`, and keep the old one as an attribute of another name";
// The bus reads a space for the `T`, and another minus.
const CONTENT: &str = "is not JSON: the bus carries JSON alone, so convert the data, such as to one JSON string";

/// Control characters and noncharacters.
fn is_forbidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control() || (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// JSON that holds none of the characters that an attribute may not hold. Those below a space stand between values only.
pub(super) fn plain(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\0'..' ' => out.push(' '),
            c if is_forbidden(c) => {
                let escapes =
                    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
                out.push_str(&escapes);
            }
            c => out.push(c),
        }
    }
    out
}

/// `*/json` and `*/*+json`, whatever the case and the parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte);
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(is_token_byte);
    essence.split_once('/').is_some_and(|(kind, subtype)| {
        is_token(kind) && is_token(subtype) && (subtype == "json" || subtype.ends_with("+json"))
    })
}

fn is_uri_reference(text: &str) -> bool {
    jsonschema::uri::from_str(text).is_ok()
}

fn is_uri(text: &str) -> bool {
    Uri::parse(text).is_ok()
}
