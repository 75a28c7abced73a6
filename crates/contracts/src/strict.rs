//! JSON read so that nothing of it is lost unseen: of two values for one name a map keeps the last, silently.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};
use serde_path_to_error::{Path, Segment, Track};

use crate::place::Place;

/// Reads a value; as an error, what is wrong first, with its place.
pub(crate) fn read(json: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    // The place costs a second pass, paid only for what is broken.
    let value = Strict.deserialize(&mut reader).map_err(|cause| with_place(json, &cause))?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

fn with_place(json: &[u8], cause: &serde_json::Error) -> String {
    let (mut reader, mut track) = (serde_json::Deserializer::from_slice(json), Track::new());
    let _again = Strict.deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    let place = place(&track.path());
    if cause.is_data() {
        return twice(&place);
    }
    if place.is_empty() { cause.to_string() } else { format!("`{place}`: {cause}") }
}

fn place(path: &Path) -> String {
    let mut place = Place::default();
    for part in path {
        match part {
            Segment::Seq { index } => place.item(*index),
            Segment::Map { key: name } | Segment::Enum { variant: name } => place.name(name),
            // Within a name.
            Segment::Unknown => {}
        }
    }
    place.told()
}

/// The only mistake that is its own, and not the parser's, is a name that is there twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // Finite: the parser refuses all else.
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if map.contains_key(&name) {
                entries.next_value_seed(Again)?;
            }
            let value = entries.next_value_seed(Strict)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// The value of a name that is there already: refused where it stands, so that its place is known.
struct Again;

impl<'de> DeserializeSeed<'de> for Again {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("is there twice"))
    }
}

pub(crate) fn twice(path: &str) -> String {
    format!("`{path}` is there twice: keep one of them")
}

/// The members of an object, each value as it is written.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// The last of each name.
    pub(crate) fields: BTreeMap<String, Box<RawValue>>,
    /// The names that are there twice.
    pub(crate) twice: BTreeSet<String>,
}

/// Reads an object, whatever its values; as an error, why it is none.
pub(crate) fn members(json: &[u8]) -> Result<Members, String> {
    // serde's own message would show the value.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err("is no JSON object".into());
    }
    serde_json::from_slice(json).map_err(|error| format!("is no JSON object: {error}"))
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = entries.next_entry::<String, _>()? {
                    if members.fields.insert(name.clone(), value).is_some() {
                        members.twice.insert(name);
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_ever() {
        for json in
            ["null", "true", "-1", "18446744073709551615", "0.5", "\"æ\"", "[1,[]]", r#"{"a":{"b":[{}]},"c":""}"#]
        {
            assert_eq!(read(json.as_bytes()).unwrap(), serde_json::from_str::<Value>(json).unwrap(), "{json}");
        }
    }

    #[test]
    fn what_is_no_json_or_loses_something_is_refused_with_its_place() {
        let table = [
            (r#"{"a":{"b":[{"c":1,"c":2}]}}"#, "`a.b[0].c` is there twice"),
            ("NaN", "expected value"),
            ("Infinity", "expected value"),
            ("1e999", "number out of range"),
            (r#"{"a":{"b":[0,{"c":1e999}]}}"#, "`a.b[1].c`: number out of range"),
            (r#"[[0,1,-1e999]]"#, "`[0][2]`: number out of range"),
            (r#"{"a":{"0":"\ud800"}}"#, "`a.0`: unexpected end of hex escape"),
            (r#"{"a":[{"\ud800":1}]}"#, "`a[0]`: unexpected end of hex escape"),
            (r#"{"a":1,"a":1e999}"#, "`a` is there twice: keep one of them"),
            (r#"{"a":1} 2"#, "trailing characters"),
            (r#"{"a":"#, "EOF"),
            ("", "EOF"),
        ];
        for (json, told) in table {
            let error = read(json.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{json}: {error}");
        }
        assert!(read("[".repeat(10_000).as_bytes()).unwrap_err().contains("recursion limit"));
    }

    #[test]
    fn a_place_is_told_short_however_long_its_names_are() {
        let long = "x".repeat(100_000);
        let error = read(format!(r#"{{"{long}":{{"{long}":[1e999]}}}}"#).as_bytes()).unwrap_err();
        let name = format!("{}…", "x".repeat(64));
        assert!(error.starts_with(&format!("`{name}.{name}[0]`: number out of range")), "{error}");
    }

    #[test]
    fn members_stay_as_they_are_written_and_the_last_of_a_name_counts() {
        let found = members(br#" {"a": 1.10, "b":[ 1 ], "a":12345678901234567890123}"#).unwrap();
        let kept: Vec<_> = found.fields.iter().map(|(name, value)| (name.as_str(), value.get())).collect();
        assert_eq!(kept, [("a", "12345678901234567890123"), ("b", "[ 1 ]")]);
        assert_eq!(found.twice.into_iter().collect::<Vec<_>>(), ["a"]);
        for (json, told) in
            [("\"s3cret\"", "is no JSON object"), (r#"{"a":}"#, "expected value"), ("", "is no JSON object")]
        {
            let error = members(json.as_bytes()).unwrap_err();
            assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
        }
    }
}
