//! Schemas as AsyncAPI has them: draft-07, and all in one place.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{
    Schema,
    transform::{RecursiveTransform, RemoveRefSiblings, ReplacePrefixItems, ReplaceUnevaluatedProperties, Transform},
};
use serde_json::{Map, Value};
use tekup_core::{Error, ErrorKind, Result};

use super::message::pascal;
use crate::shape::{Document, ROOT, definition_of};

/// Those of a document, by name.
#[derive(Default)]
pub(super) struct Schemas {
    all: Map<String, Value>,
    /// Generators of code call types by their titles, so no two may have one.
    titles: BTreeSet<String>,
    mistakes: Vec<String>,
}

impl Schemas {
    pub(super) fn insert(&mut self, name: String, title: &str, mut schema: Value) {
        schema["title"] = free(title, "", &mut self.titles).into();
        self.all.insert(name, schema);
    }

    /// Takes a schema and its definitions apart; their titles begin with that of their event.
    pub(super) fn add(&mut self, name: &str, event: &str, schema: &Value) {
        if let Err(error) = Document::read(schema) {
            self.mistakes.extend(error.problems().iter().map(|problem| format!("`{name}`: {problem}")));
            return;
        }
        let mut root = Schema::try_from(schema.clone()).unwrap_or_default();
        root.remove("$schema");
        root.remove("$id");
        let definitions = root.remove("$defs").and_then(|all| all.as_object().cloned()).unwrap_or_default();
        let names = Names::of(name, &definitions);
        self.take(name.into(), &format!("{event}Data"), root, &names);
        for (definition, schema) in definitions {
            let schema = Schema::try_from(schema).unwrap_or_default();
            let name = names.0.get(&definition).cloned().unwrap_or_default();
            self.take(name, &format!("{event}{}", pascal(&definition)), schema, &names);
        }
    }

    fn take(&mut self, name: String, title: &str, mut schema: Schema, names: &Names) {
        let mut lost = Vec::new();
        RecursiveTransform(|schema: &mut Schema| lost.extend(names.point(schema))).transform(&mut schema);
        self.mistakes.extend(lost.into_iter().map(|target| {
            format!("schema `{name}` refers to `{target}`: only `#` and `#/$defs/..` of its own are followed, nothing is ever fetched")
        }));
        ReplaceUnevaluatedProperties::default().transform(&mut schema);
        RemoveRefSiblings::default().transform(&mut schema);
        ReplacePrefixItems::default().transform(&mut schema);
        self.insert(name, title, schema.to_value());
    }

    pub(super) fn finish(self) -> Result<Value> {
        if self.mistakes.is_empty() {
            return Ok(self.all.into());
        }
        Err(Error::from_problems(ErrorKind::InvalidInput, self.mistakes))
    }
}

/// What one schema and its definitions are called in the document.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(root: &str, definitions: &Map<String, Value>) -> Self {
        let mut taken = BTreeSet::new();
        let named = definitions.keys().map(|name| (name.clone(), free_name(root, name, &mut taken)));
        Self(named.chain([(ROOT.into(), root.into())]).collect())
    }

    /// Points a reference to its place in the document; one that leads nowhere is told.
    fn point(&self, schema: &mut Schema) -> Option<String> {
        let target = schema.get("$ref")?.as_str()?.to_owned();
        let Some(name) = definition_of(&target).and_then(|definition| self.0.get(&definition)) else {
            return Some(target);
        };
        schema.insert("$ref".into(), format!("#/components/schemas/{name}").into());
        None
    }
}

/// `^[\w.-]+$` is the rule of names (AsyncAPI 3.0, "Components Object"): what else a definition's name holds becomes `-`.
fn free_name(root: &str, definition: &str, taken: &mut BTreeSet<String>) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let plain: String = definition.chars().map(allowed).collect();
    format!("{root}_{}", free(&plain, "-", taken))
}

/// The name, or the first of its numbered forms that is free.
fn free(name: &str, joint: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}{joint}{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.clone())).unwrap_or_else(|| name.into())
}
