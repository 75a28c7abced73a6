use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

/// A JSON object whose values are kept as they are written, in their order: long integers stay exact.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawMap(Vec<(String, Box<RawValue>)>);

/// Up to here each name is compared with those before it; a hostile object of thousands would take seconds so.
const FEW: usize = 16;

impl RawMap {
    /// What was read. Of several values for one name the last stays, where the first stood, as in JavaScript.
    pub(crate) fn from_pairs(pairs: Vec<(String, Box<RawValue>)>) -> Self {
        if pairs.len() > FEW {
            return Self(last_of_each_name(pairs));
        }
        let mut map = Self(Vec::with_capacity(pairs.len()));
        pairs.into_iter().for_each(|(name, value)| map.insert(name, value));
        map
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// Adds a value, or replaces the one of that name.
    pub(crate) fn insert(&mut self, key: String, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_ref()))
    }

    /// Bytes of all names and values.
    pub(crate) fn size(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.get().len()).sum()
    }
}

fn last_of_each_name(pairs: Vec<(String, Box<RawValue>)>) -> Vec<(String, Box<RawValue>)> {
    let mut placed: Vec<_> = pairs.into_iter().enumerate().collect();
    // The sort is stable: equal names stay in their order.
    placed.sort_by(|(_, (a, _)), (_, (b, _))| a.cmp(b));
    placed.dedup_by(|(_, later), (_, kept)| {
        let same = later.0 == kept.0;
        if same {
            std::mem::swap(&mut later.1, &mut kept.1);
        }
        same
    });
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, pair)| pair).collect()
}

impl PartialEq for RawMap {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.iter().all(|(name, value)| other.get(name).is_some_and(|theirs| theirs.get() == value.get()))
    }
}

impl Eq for RawMap {}

impl Serialize for RawMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMap, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(RawMap::from_pairs(pairs))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name twice, in the given count of pairs.
    fn doubled(names: usize) -> String {
        let pairs = (0..2 * names).map(|value| format!("\"{}\":{value}", value % names));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn of_several_values_for_a_name_the_last_stays_where_the_first_stood() {
        for names in [1, FEW / 2, FEW / 2 + 1, 1_000] {
            let map: RawMap = serde_json::from_str(&doubled(names)).unwrap();
            let expected: Vec<_> = (0..names).map(|name| (name.to_string(), (name + names).to_string())).collect();
            let found: Vec<_> = map.iter().map(|(name, value)| (name.to_owned(), value.get().to_owned())).collect();
            assert_eq!(found, expected);
        }
    }
}
