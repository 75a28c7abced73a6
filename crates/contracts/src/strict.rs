//! JSON read so that nothing of it is lost unseen: of two values for one name a map keeps the last, silently.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, value::RawValue};

/// Reads a value; as an error, the first name that an object holds twice, with its place.
pub(crate) fn read(json: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Strict { path: "" }.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    path: &'a str,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that JSON can't hold"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { path: &format!("{}[{}]", self.path, list.len()) })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(Name(name)) = entries.next_key()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{}", self.path, shown(&name));
            if map.contains_key(&name) {
                return Err(A::Error::custom(twice(&path)));
            }
            let value = entries.next_value_seed(Strict { path: &path })?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
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

struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Input as an error may show it.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
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
