//! Schemas that are not understood: still, what is the same on both sides is read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{definition_of, document::ROOT, keywords::ANNOTATIONS};
use crate::canonical::fingerprint;

/// What can't be told of a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opaque {
    /// What it is that is not understood.
    pub(crate) why: String,
    /// The same for schemas that ask for the same.
    pub(crate) fingerprint: String,
}

impl Opaque {
    pub(super) fn new(why: impl Into<String>, schema: &Map<String, Value>, root: &Value) -> Self {
        let bare = bare(&Value::Object(schema.clone()));
        let named = referred(&bare, root);
        Self { why: why.into(), fingerprint: fingerprint(&json!([bare, named])) }
    }

    /// Only a part of it, which is not what another part is.
    pub(super) fn part(&self, part: &str) -> Self {
        Self { why: self.why.clone(), fingerprint: fingerprint(&json!([self.fingerprint, part])) }
    }
}

/// The schema without what is for people.
fn bare(schema: &Value) -> Value {
    let each =
        |schemas: &Map<String, Value>| schemas.iter().map(|(name, schema)| (name.clone(), bare(schema))).collect();
    let Value::Object(object) = schema else { return schema.clone() };
    let told = object.iter().filter(|(keyword, _)| !ANNOTATIONS.contains(&keyword.as_str()));
    let told = told.map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(schemas)) => Value::Object(each(schemas)),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => schemas.iter().map(bare).collect(),
            ("items" | "not" | "additionalProperties" | "unevaluatedProperties", schema) => bare(schema),
            (_, value) => value.clone(),
        };
        (keyword.clone(), value)
    });
    Value::Object(told.collect())
}

/// All definitions that a schema refers to, and those that they refer to, each once.
fn referred(schema: &Value, root: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut names = names_in(schema);
    while let Some(name) = names.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let definition = if name == ROOT { Some(root) } else { root["$defs"].get(&name) };
        let definition = definition.map(bare).unwrap_or_default();
        names.extend(names_in(&definition));
        found.insert(name, definition);
    }
    found
}

fn names_in(schema: &Value) -> Vec<String> {
    match schema {
        Value::Array(items) => items.iter().flat_map(names_in).collect(),
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).and_then(definition_of);
            own.into_iter().chain(object.values().flat_map(names_in)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque(root: &Value) -> Opaque {
        Opaque::new("it", root["properties"]["a"].as_object().unwrap(), root)
    }

    fn event(a: &Value, odd: &Value) -> Value {
        json!({"properties": {"a": a}, "$defs": {"Odd": {"properties": {"odd": odd}}, "Other": {"$ref": "#/$defs/Odd"}}})
    }

    #[test]
    fn schemas_that_differ_in_words_for_people_only_are_the_same() {
        let a = json!({"not": {"const": 1, "title": "One"}, "description": "Odd.", "items": {"$ref": "#/$defs/Other"}});
        let b = json!({"not": {"const": 1}, "items": {"$ref": "#/$defs/Other", "title": "Other"}});
        assert_eq!(opaque(&event(&a, &json!({"default": 1}))), opaque(&event(&b, &json!({}))));
    }

    #[test]
    fn schemas_that_refer_to_something_else_or_ask_for_something_else_are_not() {
        let a = json!({"not": {"const": 1}, "items": {"$ref": "#/$defs/Other"}});
        let whole = event(&a, &json!({"type": "string"}));
        let changes = [
            event(&a, &json!({"type": "null"})),
            event(&json!({"not": {"const": 2}, "items": {"$ref": "#/$defs/Other"}}), &json!({"type": "string"})),
            event(
                &json!({"not": {"const": {"title": 1}}, "items": {"$ref": "#/$defs/Other"}}),
                &json!({"type": "string"}),
            ),
        ];
        for changed in &changes {
            assert_ne!(opaque(&whole), opaque(changed), "{changed}");
        }
    }

    #[test]
    fn a_field_that_is_called_as_a_word_for_people_is_a_field() {
        let with = |title: Value| event(&json!({"not": {}, "properties": {"title": title}}), &json!({}));
        assert_ne!(opaque(&with(json!({"type": "null"}))), opaque(&with(json!({"type": "string"}))));
    }
}
