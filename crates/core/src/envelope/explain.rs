//! Why bytes are no event, in words that hold nothing of the data.
//!
//! Errors end in logs, and an event's data may be anybody's secret. serde's messages quote it, so they are cut here, and
//! the error itself, which would print them, is not kept as a source.

use serde::Deserialize;

use crate::{
    error::{Error, ErrorKind, shown},
    text,
};

/// serde_json tells line and column; the path costs a second pass, paid only for what is broken.
pub(super) fn explain<'de, D: Deserialize<'de>>(json: &'de [u8], cause: &serde_json::Error, what: &str) -> Error {
    let path = serde_path_to_error::deserialize::<_, D>(&mut serde_json::Deserializer::from_slice(json))
        .err()
        .map(|error| error.path().to_string())
        .filter(|path| path != ".");
    let place = path.map(|path| format!(" at `{}`", shown(&path))).unwrap_or_default();
    Error::new(ErrorKind::Undecodable, format!("{what} can't be decoded{place}: {}", without_data(cause)))
}

/// serde's message without the value that it quotes. What a type's own `Deserialize` tells is cut, and its own affair.
pub(super) fn without_data(cause: &serde_json::Error) -> String {
    let message = cause.to_string();
    let told = redacted(&message).unwrap_or(message);
    text::shown(&told, LONGEST)
}

/// The most characters of a message.
const LONGEST: usize = 300;

fn redacted(message: &str) -> Option<String> {
    // What is expected comes last and is the type's; the value before it may hold the same words.
    let last = |words: &'static str| message.rsplit_once(words);
    let parts = [", expected ", ", there are "].into_iter().filter_map(last);
    let (found, expected) = parts.max_by_key(|(found, _)| found.len())?;
    let told = match found.split_once(": ") {
        Some((kind @ ("invalid type" | "invalid value"), value)) => {
            let class = value.split(['"', '`']).next().unwrap_or_default();
            format!("{kind}: {}", class.trim_end())
        }
        _ if found.starts_with("unknown variant ") => "unknown variant".into(),
        _ if found.starts_with("unknown field ") => "unknown field".into(),
        _ => return None,
    };
    Some(format!("{told}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    struct Data {
        score: f64,
        name: Option<String>,
        kind: Option<Kind>,
        none: Option<Nothing>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Hot,
        Cold,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    fn told(json: &str) -> String {
        without_data(&serde_json::from_str::<Data>(json).unwrap_err())
    }

    #[test]
    fn what_was_found_is_told_by_its_class_alone() {
        let table = [
            (r#"{"score":"s3cret"}"#, "invalid type: string, expected f64 at line 1 column 17"),
            (r#"{"score":"s3, expected cret"}"#, "invalid type: string, expected f64 at line 1 column 28"),
            (r#"{"score":true}"#, "invalid type: boolean, expected f64 at line 1 column 13"),
            (r#"{"score":null}"#, "invalid type: null, expected f64 at line 1 column 13"),
            (r#"{"name":73}"#, "invalid type: integer, expected a string at line 1 column 10"),
            (r#"{"name":7.3}"#, "invalid type: floating point, expected a string at line 1 column 11"),
            (r#"{"name":["s3cret"]}"#, "invalid type: sequence, expected a string at line 1 column 8"),
            (r#"{"kind":"s3cret"}"#, "unknown variant, expected `hot` or `cold` at line 1 column 16"),
            (r#"{"s3cret":1}"#, "unknown field, expected one of `score`, `name`, `kind`, `none` at line 1 column 9"),
            (r#"{"none":{"s3cret":1}}"#, "unknown field, expected no fields at line 1 column 17"),
            (r#"{"none":{"a, expected s3cret":1}}"#, "unknown field, expected no fields at line 1 column 29"),
            (r#"{"kind":"a, there are s3cret"}"#, "unknown variant, expected `hot` or `cold` at line 1 column 29"),
            (r#"{"name":"x"}"#, "missing field `score` at line 1 column 12"),
            (r#"{"score":1"#, "EOF while parsing an object at line 1 column 10"),
        ];
        for (json, message) in table {
            assert_eq!(told(json), message, "{json}");
        }
    }

    #[test]
    fn a_message_of_a_types_own_is_cut_and_keeps_to_its_line() {
        #[derive(Debug)]
        struct Picky;
        impl<'de> Deserialize<'de> for Picky {
            fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom(format!("\u{1b}[2J\n{}", "long".repeat(1_000))))
            }
        }
        let told = without_data(&serde_json::from_str::<Picky>("1").unwrap_err());
        assert!(told.starts_with("\\u{1b}[2J\\nlong"), "{told}");
        assert!(told.len() < LONGEST + 20, "{told}");
    }
}
