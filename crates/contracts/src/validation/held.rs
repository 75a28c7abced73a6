//! One version's schema, put into the terms of typed readers.

use std::mem;

use jsonschema::{Draft, ValidationError, Validator};
use schemars::{
    Schema,
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Value, json};
use tekup_core::SchemaVersion;

use super::whole;
use crate::{Contract, shape::KEEPS_UNKNOWN};

#[derive(Debug)]
pub(super) struct Held {
    version: SchemaVersion,
    known: Validator,
    /// For versions that are newer, if they may say what this one does not know.
    newer: Option<Validator>,
}

impl Held {
    pub(super) fn to(contract: &Contract) -> Result<Self, ValidationError<'static>> {
        let mut schema = contract.reads.clone();
        each(&mut schema, whole::ask_for);
        let mut opened = schema.clone();
        each(&mut opened, open);
        let newer = if opened == schema { None } else { Some(validator(&opened)?) };
        Ok(Self { version: contract.version.clone(), known: validator(&schema)?, newer })
    }

    pub(super) fn validator(&self, version: &SchemaVersion) -> &Validator {
        self.newer.as_ref().filter(|_| *version > self.version).unwrap_or(&self.known)
    }
}

fn validator(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).offline();
    options.with_keyword(whole::KEYWORD, whole::keyword).build(schema)
}

/// Changes a schema and all within it. What is no schema stays, for the validator to refuse.
fn each(schema: &mut Value, change: impl FnMut(&mut Schema)) {
    if let Ok(schema) = <&mut Schema>::try_from(schema) {
        RecursiveTransform(change).transform(schema);
    }
}

/// Lets a closed set that keeps unknown values take any text, as its readers do.
fn open(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.remove(KEEPS_UNKNOWN) != Some(Value::Bool(true)) {
        return;
    }
    // What others refer to stays where it is.
    let stays = |name: &str| matches!(name, "$schema" | "$id" | "$defs");
    let (root, known) = mem::take(object).into_iter().partition(|(name, _)| stays(name));
    let known: serde_json::Map<_, _> = known;
    *object = root;
    object.insert("anyOf".into(), json!([known, {"type": "string"}]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_set_takes_any_text_and_nothing_else_that_is_unknown() {
        let table = [
            json!({"anyOf": [{"const": "chat"}, {"const": "email"}], KEEPS_UNKNOWN: true}),
            json!({"enum": ["chat"], "type": "string", KEEPS_UNKNOWN: true}),
            json!({"$ref": "#/$defs/chat", "$defs": {"chat": {"const": "chat"}}, KEEPS_UNKNOWN: true}),
            json!({"anyOf": [{"$ref": "#/$defs/set"}], "$defs": {"set": {"const": "chat", KEEPS_UNKNOWN: true}}}),
        ];
        for schema in table {
            let (closed, mut opened) = (validator(&schema).unwrap(), schema.clone());
            each(&mut opened, open);
            let opened = validator(&opened).unwrap();
            for (value, is_known, is_kept) in
                [(json!("chat"), true, true), (json!("hologram"), false, true), (json!(1), false, false)]
            {
                assert_eq!((closed.is_valid(&value), opened.is_valid(&value)), (is_known, is_kept), "{schema} {value}");
            }
        }
    }

    #[test]
    fn a_property_that_is_named_like_a_keyword_stays_one() {
        let mut schema = json!({
            "properties": {"format": {"type": "integer", "format": "uint8"}, "enum": {"const": "a", KEEPS_UNKNOWN: true}},
            "const": {"type": "integer", "format": "uint8"},
        });
        each(&mut schema, whole::ask_for);
        each(&mut schema, open);
        let expected = json!({
            "properties": {
                "format": {"type": "integer", whole::KEYWORD: "uint8"},
                "enum": {"anyOf": [{"const": "a"}, {"type": "string"}]},
            },
            "const": {"type": "integer", "format": "uint8"},
        });
        assert_eq!(schema, expected);
    }
}
