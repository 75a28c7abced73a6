//! Whether two JSON texts say the same: `1.0` is `1`, and the order of an object's members says nothing.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::RawMap;

/// Goes as deep as the shallower of both, and so no deeper than the limits of an event.
pub(super) fn same(a: &RawValue, b: &RawValue) -> bool {
    let (a, b) = (a.get(), b.get());
    if a == b {
        return true;
    }
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => same_objects(a, b),
        (Some(b'['), Some(b'[')) => same_arrays(a, b),
        (Some(b'"'), Some(b'"')) => same_texts(a, b),
        _ => matches!((Decimal::parse(a), Decimal::parse(b)), (Some(a), Some(b)) if a == b),
    }
}

fn same_objects(a: &str, b: &str) -> bool {
    let Some((a, b)) = both::<RawMap>(a, b) else { return false };
    a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
}

fn same_arrays(a: &str, b: &str) -> bool {
    let Some((a, b)) = both::<Vec<&RawValue>>(a, b) else { return false };
    a.len() == b.len() && a.into_iter().zip(b).all(|(a, b)| same(a, b))
}

/// They may be escaped differently.
fn same_texts(a: &str, b: &str) -> bool {
    both::<String>(a, b).is_some_and(|(a, b)| a == b)
}

fn both<'a, T: Deserialize<'a>>(a: &'a str, b: &'a str) -> Option<(T, T)> {
    Some((serde_json::from_str(a).ok()?, serde_json::from_str(b).ok()?))
}

/// A number as it is written, exactly: a float would make one of 9007199254740993 and 9007199254740992.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    /// Without zeros at either end.
    digits: String,
    /// Which power of ten the last digit counts.
    exponent: i64,
}

impl Decimal {
    /// `None` for what is no number, or has an exponent beyond all reason.
    fn parse(json: &str) -> Option<Self> {
        if !json.ends_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (sign, magnitude) = json.strip_prefix('-').map_or((false, json), |magnitude| (true, magnitude));
        let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        let without_end = written.trim_end_matches('0');
        let digits = without_end.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(written.len() - without_end.len()).ok()?;
        let decimals = i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(zeros)?.checked_sub(decimals)?;
        Some(Self { is_negative: sign, digits: digits.into(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(a: &str, b: &str) -> bool {
        let raw = |json: &str| RawValue::from_string(json.into()).unwrap();
        let (there, back) = (same(&raw(a), &raw(b)), same(&raw(b), &raw(a)));
        assert_eq!(there, back, "{a} and {b}");
        there
    }

    #[test]
    fn values_are_equal_however_they_are_written() {
        let table = [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("0.1", "1E-1"),
            ("1e+21", "1000000000000000000000"),
            ("120", "1.20e2"),
            ("0", "-0"),
            ("0", "0.00e7"),
            ("-1.5", "-15e-1"),
            ("9007199254740993", "9007199254740993.0"),
            ("1e007", "1e7"),
            (r#""é/""#, r#""\u00e9\/""#),
            (r#"{"a":1,"b":[2,{"c":null}]}"#, r#"{ "b": [2.0, {"c": null}], "a": 1 }"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("[]", "[ ]"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ];
        for (a, b) in table {
            assert!(is_same(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn values_that_differ_in_anything_are_not_equal() {
        let table = [
            ("1", "2"),
            ("1", "-1"),
            ("1", "10"),
            ("1", "1.0000000000000000001"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551616", "18446744073709551617"),
            ("1e99999999999999999999", "1e99999999999999999998"),
            ("1", r#""1""#),
            ("1", "true"),
            ("0", "false"),
            ("null", "false"),
            ("null", "0"),
            ("true", "false"),
            (r#""a""#, r#""A""#),
            (r#""""#, "null"),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            ("{}", "[]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            (r#"{"a":null}"#, r#"{"b":null}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#),
        ];
        for (a, b) in table {
            assert!(!is_same(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn what_is_as_deep_as_an_event_may_be_is_compared() {
        let nested = |number: &str| format!("{}{number}{}", "[".repeat(100), "]".repeat(100));
        assert!(is_same(&nested("1"), &nested("1.0")));
        assert!(!is_same(&nested("1"), &nested("2")));
    }
}
