//! From JSON Schema, as far as schemars writes it, to a shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tekup_core::{Error, ErrorKind, Result};

use super::{
    Bounds, Field, Kept, Keys, List, Opaque, Record, Rest, Shape,
    both::{Both, choice},
    definition_of,
    document::ROOT,
    keywords::{is_known, is_never, keeps_unknown},
    numbers::{integer, leaves_out_zero, number},
    texts::text,
};

type Object = Map<String, Value>;

/// The deepest nesting that is read.
const DEEPEST: usize = 64;

/// The most schemas that are read or merged, each as often as it is needed.
const MOST_STEPS: usize = 50_000;

/// The most mistakes that are told.
const MOST_MISTAKES: usize = 20;

pub(super) struct Reader<'a> {
    root: &'a Value,
    definitions: &'a Object,
    mistakes: Vec<String>,
    depth: usize,
    steps: usize,
    /// Definitions that are being merged with others.
    merged: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(root: &'a Value, definitions: &'a Object) -> Self {
        Self { root, definitions, mistakes: Vec::new(), depth: 0, steps: 0, merged: Vec::new() }
    }

    pub(super) fn finish(self) -> Result<()> {
        if self.mistakes.is_empty() {
            return Ok(());
        }
        Err(Error::from_problems(ErrorKind::InvalidInput, self.mistakes))
    }

    /// What was not understood is told, and a stand-in goes on.
    pub(super) fn shape(&mut self, schema: &Value, place: &str) -> Shape {
        if self.depth == DEEPEST {
            return self
                .mistake(place, &format!("lies more than {DEEPEST} schemas deep: give its parts names in `$defs`"));
        }
        if !self.goes_on() {
            return Shape::Never;
        }
        self.depth += 1;
        let shape = match schema {
            Value::Bool(true) => Shape::Any,
            never if is_never(never) => Shape::Never,
            Value::Object(object) => self.object(object, place),
            _ => self.mistake(place, "is no schema: write an object, `true` or `false`"),
        };
        self.depth -= 1;
        shape
    }

    /// One step further, if there are any left.
    pub(super) fn goes_on(&mut self) -> bool {
        self.steps += 1;
        if self.steps == MOST_STEPS {
            self.mistake("", "has too many choices that are merged with others: flatten fewer");
        }
        self.steps < MOST_STEPS
    }

    pub(super) fn mistake(&mut self, place: &str, told: &str) -> Shape {
        let place = if place.is_empty() { "/" } else { place };
        let mistake = format!("schema at `{place}` {told}");
        if self.mistakes.len() < MOST_MISTAKES && !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        Shape::Never
    }

    fn object(&mut self, object: &Object, place: &str) -> Shape {
        let is_understood = |key: &String| is_known(key) || (key == "not" && leaves_out_zero(object));
        if let Some(unknown) = object.keys().find(|key| !is_understood(key)) {
            return Shape::Opaque(self.opaque(&format!("what `{unknown}` in its schema asks for"), object));
        }
        let mut parts = Vec::new();
        if let Some(reference) = object.get("$ref") {
            parts.push(self.reference(reference, place));
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(choices) = object.get(keyword) {
                parts.push(self.choice(choices, keyword, object, place));
            }
        }
        if let Some(all) = object.get("allOf") {
            parts.extend(self.list_of(all, "allOf", place));
        }
        if let Some(plain) = self.plain(object, place) {
            parts.push(plain);
        }
        if let Some(rest) = object.get("unevaluatedProperties") {
            let rest = self.rest(rest, &format!("{place}/unevaluatedProperties"));
            parts.push(Shape::Record(Record { fields: BTreeMap::new(), rest }));
        }
        let mut both = Both::new(self, object);
        parts.into_iter().reduce(|a, b| both.of(a, b)).unwrap_or(Shape::Any)
    }

    pub(super) fn opaque(&self, why: &str, object: &Object) -> Opaque {
        Opaque::new(why, object, self.root)
    }

    /// What a name stands for; `None` if that is being asked for already, as a definition holds nothing but itself.
    pub(super) fn definition(&mut self, name: &str) -> Option<Shape> {
        if self.merged.iter().any(|merged| merged == name) {
            return None;
        }
        let (schema, place) = match name {
            ROOT => (self.root, String::new()),
            name => (self.definitions.get(name)?, format!("/$defs/{name}")),
        };
        self.merged.push(name.into());
        let shape = self.shape(schema, &place);
        self.merged.pop();
        Some(shape)
    }

    fn reference(&mut self, reference: &Value, place: &str) -> Shape {
        let Some(target) = reference.as_str() else { return self.mistake(place, "has a `$ref` that is no text") };
        let Some(name) = definition_of(target) else {
            let told = format!("refers to `{target}`: only `#` and `#/$defs/..` are followed, nothing is ever fetched");
            return self.mistake(place, &told);
        };
        if name != ROOT && !self.definitions.contains_key(&name) {
            return self.mistake(place, &format!("refers to `{name}`, which `$defs` does not have"));
        }
        Shape::Named(name)
    }

    fn list_of(&mut self, schemas: &Value, keyword: &str, place: &str) -> Vec<Shape> {
        let Value::Array(schemas) = schemas else {
            return vec![self.mistake(place, &format!("has an `{keyword}` that is no list"))];
        };
        let each = schemas.iter().enumerate();
        each.map(|(at, schema)| self.shape(schema, &format!("{place}/{keyword}/{at}"))).collect()
    }

    fn choice(&mut self, choices: &Value, keyword: &str, object: &Object, place: &str) -> Shape {
        let of = self.list_of(choices, keyword, place);
        choice(of, keeps_unknown(object))
    }

    /// What the object says of itself, without references and choices; `None` if nothing.
    fn plain(&mut self, object: &Object, place: &str) -> Option<Shape> {
        if let Some(value) = object.get("const") {
            return Some(Shape::Just(value.clone()));
        }
        if let Some(values) = object.get("enum") {
            let Value::Array(values) = values else {
                return Some(self.mistake(place, "has an `enum` that is no list"));
            };
            return Some(choice(values.iter().cloned().map(Shape::Just).collect(), keeps_unknown(object)));
        }
        let types = match object.get("type") {
            None => return self.untyped(object, place),
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Some(self.mistake(place, "has a `type` that is neither a text nor a list")),
        };
        let of = types.into_iter().map(|name| self.of_type(name, object, place)).collect();
        Some(choice(of, false))
    }

    /// Without a type, only what speaks of objects is understood.
    fn untyped(&mut self, object: &Object, place: &str) -> Option<Shape> {
        let speaks = |words: &[&str]| words.iter().any(|word| object.contains_key(*word));
        if speaks(&["properties", "patternProperties", "required", "additionalProperties"]) {
            return Some(self.record(object, place));
        }
        let others = ["items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format"];
        let numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
        let is_bounded = speaks(&others) || speaks(&numbers);
        is_bounded.then(|| Shape::Opaque(self.opaque("a bound without a `type` in its schema", object)))
    }

    fn of_type(&mut self, name: &str, object: &Object, place: &str) -> Shape {
        match name {
            "null" => Shape::Null,
            "boolean" => Shape::Bool,
            "integer" => integer(object),
            "number" => number(object),
            "string" => Shape::Text(text(object)),
            "array" => self.list(object, place),
            "object" => self.record(object, place),
            other => self.mistake(place, &format!("has the type `{other}`, which JSON has not")),
        }
    }

    fn list(&mut self, object: &Object, place: &str) -> Shape {
        let first = match object.get("prefixItems") {
            Some(items) => self.list_of(items, "prefixItems", place),
            None => Vec::new(),
        };
        let items = match object.get("items") {
            Some(items) => self.shape(items, &format!("{place}/items")),
            None => Shape::Any,
        };
        let bound = |name: &str| object.get(name).and_then(Value::as_u64);
        let length = Bounds { least: bound("minItems"), most: bound("maxItems") };
        let is_set = object.get("uniqueItems") == Some(&Value::Bool(true));
        Shape::List(List { first, items: Box::new(items), length, is_set })
    }

    fn record(&mut self, object: &Object, place: &str) -> Shape {
        let nothing = Object::new();
        let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
        let required: Vec<&str> =
            object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields: BTreeMap<String, Field> = BTreeMap::new();
        for (name, schema) in properties {
            let shape = self.shape(schema, &format!("{place}/properties/{name}"));
            fields.insert(name.clone(), Field { shape, is_required: required.contains(&name.as_str()) });
        }
        for name in required.into_iter().filter(|name| !properties.contains_key(*name)) {
            fields.insert(name.into(), Field { shape: Shape::Any, is_required: true });
        }
        match self.unnamed(object, place) {
            Some(rest) => Shape::Record(Record { fields, rest }),
            None => Shape::Opaque(self.opaque("what `patternProperties` in its schema asks for", object)),
        }
    }

    /// The fields that a record does not name; a map has one pattern for them at most.
    fn unnamed(&mut self, object: &Object, place: &str) -> Option<Rest> {
        let others = object.get("additionalProperties");
        let Some(patterns) = object.get("patternProperties") else {
            let place = format!("{place}/additionalProperties");
            return Some(others.map_or(Rest::Ignored, |others| self.rest(others, &place)));
        };
        let mut patterns = patterns.as_object()?.iter();
        let ((pattern, schema), None) = (patterns.next()?, patterns.next()) else { return None };
        if !others.is_some_and(is_never) {
            return None;
        }
        let of = self.shape(schema, &format!("{place}/patternProperties/{pattern}"));
        Some(Rest::Kept(Kept { keys: Keys::of(pattern), of: Box::new(of) }))
    }

    fn rest(&mut self, schema: &Value, place: &str) -> Rest {
        if is_never(schema) {
            return Rest::Denied;
        }
        Rest::Kept(Kept { keys: Keys::Any, of: Box::new(self.shape(schema, place)) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Document;
    use super::*;

    fn told(schema: &Value) -> String {
        Document::read(schema).unwrap_err().to_string()
    }

    #[test]
    fn a_reference_that_leaves_the_document_or_leads_nowhere_is_refused_with_its_place() {
        let remote = json!({"properties": {"a": {"$ref": "https://example.com/a.json"}}});
        assert!(
            told(&remote).contains("`/properties/a` refers to `https://example.com/a.json`: only"),
            "{}",
            told(&remote)
        );
        let lost = json!({"items": {"$ref": "#/$defs/Lost"}, "type": "array"});
        assert!(told(&lost).contains("`/items` refers to `Lost`, which `$defs` does not have"), "{}", told(&lost));
    }

    #[test]
    fn a_schema_that_is_nested_without_end_is_refused() {
        let nested = (0..1_000).fold(json!(true), |inner, _| json!({"type": "array", "items": inner}));
        assert!(told(&nested).contains("more than 64 schemas deep"), "{}", told(&nested));
    }

    #[test]
    fn all_mistakes_are_told_at_once_but_no_more_than_can_be_read() {
        let broken = json!({"properties": {"a": 1, "b": {"type": "date"}, "c": {"enum": "x"}, "d": {"$ref": 1}}});
        assert_eq!(Document::read(&broken).unwrap_err().problems().len(), 4);
        let many: Object = (0..1_000).map(|at| (at.to_string(), json!(1))).collect();
        assert_eq!(Document::read(&json!({"properties": many})).unwrap_err().problems().len(), 20);
    }

    #[test]
    fn a_keyword_that_is_not_understood_is_not_passed_over() {
        let document = Document::read(&json!({"type": "object", "propertyNames": {"maxLength": 1}})).unwrap();
        let Shape::Opaque(opaque) = document.root else { panic!("understood") };
        assert_eq!(opaque.why, "what `propertyNames` in its schema asks for");
    }

    #[test]
    fn choices_among_choices_are_one_and_a_choice_of_one_is_none() {
        let nested = json!({"anyOf": [{"type": ["string", "null"]}, {"oneOf": [{"const": 1}]}]});
        let Shape::Choice(choice) = Document::read(&nested).unwrap().root else { panic!("no choice") };
        assert_eq!(choice.of.len(), 3);
        assert_eq!(Document::read(&json!({"anyOf": [{"type": "null"}]})).unwrap().root, Shape::Null);
    }

    #[test]
    fn a_definition_that_is_called_as_the_whole_is_refused() {
        let schema = json!({"$defs": {"#": true}, "$ref": "#/$defs/#"});
        assert!(told(&schema).starts_with("schema at `/$defs` has a definition called `#`, "), "{}", told(&schema));
    }
}
