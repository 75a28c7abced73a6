//! What differs between the data that was wanted and the nearest that there is.

use serde_json::{Number, Value};

/// Data as it goes over the wire, for comparison and for people.
pub(super) fn pretty(json: &Value) -> String {
    // A value that was parsed can always be written.
    serde_json::to_string_pretty(json).unwrap_or_default()
}

/// With whole numbers as the wire writes them, `75` and not `75.0`: they are the same.
pub(super) fn as_on_the_wire(json: Value) -> Value {
    match json {
        Value::Number(number) => whole(&number).map_or(Value::Number(number), Value::from),
        Value::Array(items) => items.into_iter().map(as_on_the_wire).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, as_on_the_wire(value))).collect(),
        other => other,
    }
}

/// Within the range where each whole number has a float of its own.
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    (float.abs() < 9e15).then_some(float as i64)
}

/// Lines with `-` are only wanted, lines with `+` are only there.
pub(super) fn diff(wanted: &Value, there: &Value) -> String {
    let (wanted, there) = (pretty(wanted), pretty(there));
    let (wanted, there): (Vec<_>, Vec<_>) = (wanted.lines().collect(), there.lines().collect());
    let common = common_lines(&wanted, &there);
    let (mut out, mut at, mut other) = (Vec::new(), 0, 0);
    for (same, same_there) in common.into_iter().chain([(wanted.len(), there.len())]) {
        out.extend(wanted.iter().take(same).skip(at).map(|line| format!("  - {line}")));
        out.extend(there.iter().take(same_there).skip(other).map(|line| format!("  + {line}")));
        out.extend(wanted.get(same).map(|line| format!("    {line}")));
        (at, other) = (same + 1, same_there + 1);
    }
    out.join("\n")
}

/// How many lines differ.
pub(super) fn distance(wanted: &Value, there: &Value) -> usize {
    let (wanted, there) = (pretty(wanted), pretty(there));
    let (wanted, there): (Vec<_>, Vec<_>) = (wanted.lines().collect(), there.lines().collect());
    wanted.len() + there.len() - 2 * common_lines(&wanted, &there).len()
}

/// The longest common subsequence, as pairs of places.
fn common_lines(one: &[&str], other: &[&str]) -> Vec<(usize, usize)> {
    let mut longest = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for (i, line) in one.iter().enumerate().rev() {
        for (j, there) in other.iter().enumerate().rev() {
            longest[i][j] =
                if line == there { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut pairs, mut i, mut j) = (Vec::new(), 0, 0);
    while i < one.len() && j < other.len() {
        if one[i] == other[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_marked() {
        let shown =
            diff(&json!({"id": "l-1", "score": 75, "tag": "a"}), &json!({"id": "l-1", "score": 74, "tag": "a"}));
        assert_eq!(
            shown,
            "    {\n      \"id\": \"l-1\",\n  -   \"score\": 75,\n  +   \"score\": 74,\n      \"tag\": \"a\"\n    }"
        );
    }

    #[test]
    fn equal_data_has_no_distance_and_each_changed_line_counts_twice() {
        let wanted = json!({"a": 1, "b": 2, "c": 3});
        assert_eq!(distance(&wanted, &wanted), 0);
        assert_eq!(distance(&wanted, &json!({"a": 1, "b": 5, "c": 3})), 2);
        assert!(distance(&wanted, &json!({})) > distance(&wanted, &json!({"a": 1, "b": 5, "c": 6})));
    }

    #[test]
    fn a_whole_float_and_its_integer_are_the_same_and_others_are_not() {
        let same = |one, other| as_on_the_wire(one) == as_on_the_wire(other);
        assert!(same(json!({"a": [1.0, {"b": -3.0}]}), json!({"a": [1, {"b": -3}]})));
        assert!(!same(json!(1.5), json!(1)));
        assert!(!same(json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)));
    }

    #[test]
    fn what_is_only_on_one_side_is_shown_there() {
        assert_eq!(diff(&json!([]), &json!([1])), "  - []\n  + [\n  +   1\n  + ]");
    }
}
