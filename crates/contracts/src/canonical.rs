//! One way to write a JSON value, so that equal values are equal bytes.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Names in the order of their bytes, no space, whole numbers without a fraction.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, None);
    out
}

/// The same for people: two spaces a level, and a line feed at the end.
pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(0));
    out.push('\n');
    out
}

/// The SHA-256 of the canonical form, in 64 hexadecimal digits.
pub(crate) fn fingerprint(value: &Value) -> String {
    Sha256::digest(canonical(value)).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

fn write(out: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| *name);
            enclosed(out, ['{', '}'], level, &entries, |out, (name, value), level| {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(if level.is_some() { ": " } else { ":" });
                write(out, value, level);
            });
        }
        Value::Array(items) => enclosed(out, ['[', ']'], level, items, write),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
                let _written = write!(out, "{float}");
            }
            _ => out.push_str(&number.to_string()),
        },
        plain => out.push_str(&plain.to_string()),
    }
}

fn enclosed<T>(
    out: &mut String,
    [open, close]: [char; 2],
    level: Option<usize>,
    items: &[T],
    each: impl Fn(&mut String, &T, Option<usize>),
) {
    let inner = level.map(|level| level + 1);
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        begin_line(out, inner);
        each(out, item, inner);
    }
    if !items.is_empty() {
        begin_line(out, level);
    }
    out.push(close);
}

fn begin_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_are_written_alike_whatever_their_order_and_form() {
        let one: Value = serde_json::from_str(r#"{"b": 1.0, "a": {"d": [], "c": "\u00e6"}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":{"c":"æ","d":[]},"b":1}"#).unwrap();
        assert_eq!(canonical(&one), r#"{"a":{"c":"æ","d":[]},"b":1}"#);
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_eq!(fingerprint(&one).len(), 64);
        assert_ne!(fingerprint(&one), fingerprint(&json!({"a": {"c": "æ", "d": []}, "b": 2})));
    }

    #[test]
    fn a_fingerprint_is_the_sha_256_of_the_canonical_form() {
        // Of `{}`, as `sha256sum` tells it.
        assert_eq!(fingerprint(&json!({})), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }

    #[test]
    fn the_form_for_people_holds_the_same() {
        let value = json!({"b": [1, {"x": null}], "a": {}});
        assert_eq!(pretty(&value), "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"x\": null\n    }\n  ]\n}\n");
        assert_eq!(serde_json::from_str::<Value>(&pretty(&value)).unwrap(), value);
    }
}
