//! The words of JSON Schema.

use serde_json::{Map, Value};

/// Keywords that say nothing of the JSON's shape.
pub(super) const ANNOTATIONS: [&str; 13] = [
    "$schema",
    "$id",
    "$defs",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
];

/// Keywords that are understood. What is understood of `not` is little: see [`leaves_out_zero`](super::numbers::leaves_out_zero).
const UNDERSTOOD: [&str; 25] = [
    "type",
    "enum",
    "const",
    "$ref",
    "anyOf",
    "oneOf",
    "allOf",
    "properties",
    "patternProperties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// Says of a closed set that its readers keep other values.
pub(crate) const KEEPS_UNKNOWN: &str = "x-tekup-keeps-unknown";

pub(super) fn is_known(key: &str) -> bool {
    // A user's own annotations.
    key.starts_with("x-") || ANNOTATIONS.contains(&key) || UNDERSTOOD.contains(&key)
}

/// `false`, or as schemars writes it where an object is needed.
pub(super) fn is_never(schema: &Value) -> bool {
    let nothing = |schema: &Value| *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty);
    *schema == Value::Bool(false)
        || schema.as_object().is_some_and(|object| object.len() == 1 && object.get("not").is_some_and(nothing))
}

pub(super) fn keeps_unknown(object: &Map<String, Value>) -> bool {
    object.get(KEEPS_UNKNOWN) == Some(&Value::Bool(true))
}
