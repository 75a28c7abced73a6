//! What a schema says of a text.

use serde_json::{Map, Value};

use super::{Bounds, Text};

/// Formats that no empty text has; those of others, such as `regex`, may be empty.
const NEVER_EMPTY: [&str; 12] = [
    "date-time",
    "partial-date-time",
    "date",
    "time",
    "partial-time",
    "duration",
    "uuid",
    "uri",
    "email",
    "ip",
    "ipv4",
    "ipv6",
];

pub(super) fn text(object: &Map<String, Value>) -> Text {
    let bound = |name: &str| object.get(name).and_then(Value::as_u64);
    let word = |name: &str| object.get(name).and_then(Value::as_str).map(String::from);
    let (format, pattern) = (word("format"), word("pattern"));
    let is_never_empty = format.as_deref().is_some_and(|format| NEVER_EMPTY.contains(&format));
    let least = bound("minLength").filter(|least| *least > 0).or(is_never_empty.then_some(1));
    Text { length: Bounds { least, most: bound("maxLength") }, format, pattern }
}
