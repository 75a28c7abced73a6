//! Objects whose values stay as they are written, so that no number changes on its way.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

pub(super) type Fields = BTreeMap<String, Box<RawValue>>;

/// A value as it is written.
pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, String> {
    to_raw_value(value).map_err(|error| error.to_string())
}

/// The text that a string holds; `None` for any other value, and for half of a surrogate pair.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == RawValue::NULL.get()
}

/// The object: `first`, the others by name, the data.
pub(super) fn json(fields: &Fields, first: &[&str]) -> Result<String, String> {
    let place = |name: &str| match name {
        "data" => usize::MAX,
        name => first.iter().position(|known| *known == name).unwrap_or(first.len()),
    };
    let mut entries: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect();
    entries.sort_by_key(|(name, _)| place(name));
    serde_json::to_string(&Object(entries)).map_err(|error| error.to_string())
}

struct Object<'a>(Vec<(&'a str, &'a RawValue)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
