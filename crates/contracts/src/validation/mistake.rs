//! What is told of one mistake.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::whole;
use crate::place::{Place, cut, shown};

/// The most characters of all that is told.
const LONGEST: usize = 300;

/// The most names that are listed.
const NAMES: usize = 3;

/// The place and the rule, and nothing of the data but its names: an error ends in logs.
pub(super) fn told(error: &ValidationError<'_>, data: &Value) -> String {
    let rule = match error.schema_path().as_str().rsplit('/').next().unwrap_or_default() {
        whole::KEYWORD => "format",
        rule => rule,
    };
    let message = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unknown(unexpected),
        _ => error.masked().to_string(),
    };
    let told = format!("`{}` breaks `{}`: {message}", place(error.instance_path().as_str(), data), shown(rule));
    cut(&escaped(&told), LONGEST)
}

fn unknown(names: &[String]) -> String {
    let listed: Vec<_> = names.iter().take(NAMES).map(|name| format!("`{}`", shown(name))).collect();
    let rest = if names.len() > NAMES { format!(" and {} more", names.len() - NAMES) } else { String::new() };
    format!("the schema knows no {}{rest}", listed.join(", "))
}

/// `/parts/0/weight` as `data.parts[0].weight`. A name may be a number too: only the data tells.
fn place(pointer: &str, data: &Value) -> String {
    let (mut place, mut within) = (Place::of("data"), Some(data));
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        let index = within.filter(|value| value.is_array()).and_then(|_| name.parse::<usize>().ok());
        match index {
            Some(index) => place.item(index),
            None => place.name(&name),
        }
        within = within.and_then(|value| match index {
            Some(index) => value.get(index),
            None => value.get(&name),
        });
    }
    place.told()
}

/// Keeps to its line, and to what a terminal shows.
fn escaped(told: &str) -> String {
    let mut out = String::with_capacity(told.len());
    // More than that is cut anyway.
    for c in told.chars().take(LONGEST + 1) {
        if matches!(c, '"' | '\'' | '\\') { out.push(c) } else { out.extend(c.escape_debug()) }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_is_told_as_a_path() {
        let data = json!({"parts": [{"weight": 1, "0": [0]}], "metrics": {"0": {"1": 2}}, "a/b": {"~": 0}});
        let table = [
            ("", "data"),
            ("/parts/0/weight", "data.parts[0].weight"),
            ("/parts/0/0/0", "data.parts[0].0[0]"),
            ("/metrics/0/1", "data.metrics.0.1"),
            ("/a~1b/~0", "data.a/b.~"),
        ];
        for (pointer, told) in table {
            assert_eq!(place(pointer, &data), told);
        }
    }

    #[test]
    fn what_is_told_is_short_and_on_one_line() {
        let long = "\u{1b}\n".repeat(50_000);
        let schema = json!({
            "additionalProperties": {"properties": {"known": true}, "additionalProperties": false},
            "propertyNames": {"maxLength": 64},
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let data = json!({long.as_str(): {"a": 1, long.as_str(): 1, "b": 1, "c": 1}, "x": {"a": 1, "b": 1}});
        let mistakes: Vec<_> = validator.iter_errors(&data).map(|error| told(&error, &data)).collect();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        for told in &mistakes {
            assert!(told.chars().count() <= LONGEST + 1 && !told.chars().any(char::is_control), "{told}");
            assert!(told.contains("` breaks `"), "{told}");
        }
        let expected = "`data.x` breaks `additionalProperties`: the schema knows no `a`, `b`";
        assert!(mistakes.iter().any(|told| told == expected), "{mistakes:?}");
    }
}
