//! From JSON Schema, as far as schemars writes it, to a shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tekup_core::{Error, ErrorKind, Result};

use super::{Bounds, Choice, Field, List, Record, Rest, Shape, Text, definition_of};

type Object = Map<String, Value>;

/// The deepest nesting that is read.
const DEEPEST: usize = 64;

/// The most mistakes that are told.
const MOST_MISTAKES: usize = 20;

/// Says of a closed set that its readers keep other values.
const KEEPS_UNKNOWN: &str = "x-tekup-keeps-unknown";

/// Keywords that say nothing of the JSON's shape.
const ANNOTATIONS: [&str; 13] = [
    "$schema",
    "$id",
    "$defs",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
];

/// Keywords that are understood.
const UNDERSTOOD: [&str; 23] = [
    "type",
    "enum",
    "const",
    "$ref",
    "anyOf",
    "oneOf",
    "allOf",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// Formats that no empty text has; those of others, such as `regex`, may be empty.
const NEVER_EMPTY: [&str; 12] = [
    "date-time",
    "partial-date-time",
    "date",
    "time",
    "partial-time",
    "duration",
    "uuid",
    "uri",
    "email",
    "ip",
    "ipv4",
    "ipv6",
];

pub(super) struct Reader<'a> {
    definitions: &'a Object,
    mistakes: Vec<String>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(definitions: &'a Object) -> Self {
        Self { definitions, mistakes: Vec::new(), depth: 0 }
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

    fn mistake(&mut self, place: &str, told: &str) -> Shape {
        if self.mistakes.len() < MOST_MISTAKES {
            let place = if place.is_empty() { "/" } else { place };
            self.mistakes.push(format!("schema at `{place}` {told}"));
        }
        Shape::Never
    }

    fn object(&mut self, object: &Object, place: &str) -> Shape {
        if let Some(unknown) = object.keys().find(|key| !is_known(key)) {
            return Shape::Opaque(format!("what `{unknown}` in its schema asks for"));
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
        parts.into_iter().reduce(|a, b| self.both(a, b)).unwrap_or(Shape::Any)
    }

    fn reference(&mut self, reference: &Value, place: &str) -> Shape {
        let Some(target) = reference.as_str() else { return self.mistake(place, "has a `$ref` that is no text") };
        let Some(name) = definition_of(target) else {
            let told = format!("refers to `{target}`: only `#/$defs/..` is followed, nothing is ever fetched");
            return self.mistake(place, &told);
        };
        if !self.definitions.contains_key(&name) {
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
        if speaks(&["properties", "required", "additionalProperties"]) {
            return Some(self.record(object, place));
        }
        let others = ["items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format"];
        let numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
        let is_bounded = speaks(&others) || speaks(&numbers);
        is_bounded.then(|| Shape::Opaque("a bound without a `type` in its schema".into()))
    }

    fn of_type(&mut self, name: &str, object: &Object, place: &str) -> Shape {
        match name {
            "null" => Shape::Null,
            "boolean" => Shape::Bool,
            "integer" => Shape::Integer(integer_bounds(object)),
            "number" => self.number(object),
            "string" => Shape::Text(text(object)),
            "array" => self.list(object, place),
            "object" => self.record(object, place),
            other => self.mistake(place, &format!("has the type `{other}`, which JSON has not")),
        }
    }

    fn number(&mut self, object: &Object) -> Shape {
        if ["exclusiveMinimum", "exclusiveMaximum"].iter().any(|bound| object.contains_key(*bound)) {
            return Shape::Opaque("an exclusive bound of a number".into());
        }
        let bound = |name: &str| object.get(name).and_then(Value::as_f64);
        Shape::Number(Bounds { least: bound("minimum"), most: bound("maximum") })
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
        let rest = match object.get("additionalProperties") {
            None => Rest::Ignored,
            Some(never) if is_never(never) => Rest::Denied,
            Some(schema) => Rest::Kept(Box::new(self.shape(schema, &format!("{place}/additionalProperties")))),
        };
        Shape::Record(Record { fields, rest })
    }

    /// What both ask for. Flattened structs and enums meet here.
    fn both(&mut self, a: Shape, b: Shape) -> Shape {
        match (a, b) {
            (Shape::Any, other) | (other, Shape::Any) => other,
            (a, b) if a == b => a,
            (Shape::Record(a), Shape::Record(b)) => merge(a, b),
            (Shape::Choice(choice), other) | (other, Shape::Choice(choice)) => {
                let of = choice.of.into_iter().map(|one| self.both(one, other.clone())).collect();
                Shape::Choice(Choice { of, keeps_unknown: choice.keeps_unknown })
            }
            _ => Shape::Opaque("several demands at once in its schema".into()),
        }
    }
}

fn is_known(key: &str) -> bool {
    // A user's own annotations.
    key.starts_with("x-") || ANNOTATIONS.contains(&key) || UNDERSTOOD.contains(&key)
}

/// `false`, or as schemars writes it where an object is needed.
fn is_never(schema: &Value) -> bool {
    let nothing = |schema: &Value| *schema == Value::Bool(true) || schema.as_object().is_some_and(Object::is_empty);
    *schema == Value::Bool(false)
        || schema.as_object().is_some_and(|object| object.len() == 1 && object.get("not").is_some_and(nothing))
}

fn keeps_unknown(object: &Object) -> bool {
    object.get(KEEPS_UNKNOWN) == Some(&Value::Bool(true))
}

/// Choices among choices are one; a choice of one is none.
fn choice(of: Vec<Shape>, keeps_unknown: bool) -> Shape {
    let mut all = Vec::with_capacity(of.len());
    let mut keeps_unknown = keeps_unknown;
    for shape in of {
        match shape {
            Shape::Choice(inner) => {
                keeps_unknown |= inner.keeps_unknown;
                all.extend(inner.of);
            }
            other => all.push(other),
        }
    }
    match all.pop() {
        Some(only) if all.is_empty() && !keeps_unknown => only,
        last => {
            all.extend(last);
            Shape::Choice(Choice { of: all, keeps_unknown })
        }
    }
}

fn merge(a: Record, b: Record) -> Shape {
    let mut fields = a.fields;
    for (name, field) in b.fields {
        let is_required = field.is_required || fields.get(&name).is_some_and(|other| other.is_required);
        let shape = match fields.remove(&name) {
            Some(other) if other.shape != Shape::Any && other.shape != field.shape && field.shape != Shape::Any => {
                Shape::Opaque("several demands at once in its schema".into())
            }
            Some(other) if field.shape == Shape::Any => other.shape,
            _ => field.shape,
        };
        fields.insert(name, Field { shape, is_required });
    }
    let rest = match (a.rest, b.rest) {
        (Rest::Ignored, Rest::Ignored) => Rest::Ignored,
        (Rest::Denied, _) | (_, Rest::Denied) => Rest::Denied,
        (Rest::Kept(shape), _) | (_, Rest::Kept(shape)) => Rest::Kept(shape),
    };
    Shape::Record(Record { fields, rest })
}

fn integer_bounds(object: &Object) -> Bounds<i128> {
    let bound = |name: &str| object.get(name).and_then(whole);
    let exclusive = Bounds {
        least: bound("exclusiveMinimum").map(|least| least.saturating_add(1)),
        most: bound("exclusiveMaximum").map(|most| most.saturating_sub(1)),
    };
    let said = Bounds { least: bound("minimum"), most: bound("maximum") };
    said.and(exclusive).and(bounds_of(object.get("format").and_then(Value::as_str)))
}

/// A bound is whole, or written as a float.
fn whole(value: &Value) -> Option<i128> {
    let from_float = || value.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i128);
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(from_float)
}

/// What a Rust integer holds.
fn bounds_of(format: Option<&str>) -> Bounds<i128> {
    let of = |least: i128, most: i128| Bounds { least: Some(least), most: Some(most) };
    match format {
        Some("int8") => of(i8::MIN.into(), i8::MAX.into()),
        Some("int16") => of(i16::MIN.into(), i16::MAX.into()),
        Some("int32") => of(i32::MIN.into(), i32::MAX.into()),
        Some("int64" | "int") => of(i64::MIN.into(), i64::MAX.into()),
        Some("uint8") => of(0, u8::MAX.into()),
        Some("uint16") => of(0, u16::MAX.into()),
        Some("uint32") => of(0, u32::MAX.into()),
        Some("uint64" | "uint") => of(0, u64::MAX.into()),
        Some("uint128") => Bounds { least: Some(0), most: None },
        _ => Bounds::NONE,
    }
}

fn text(object: &Object) -> Text {
    let bound = |name: &str| object.get(name).and_then(Value::as_u64);
    let word = |name: &str| object.get(name).and_then(Value::as_str).map(String::from);
    let (format, pattern) = (word("format"), word("pattern"));
    let is_never_empty = format.as_deref().is_some_and(|format| NEVER_EMPTY.contains(&format));
    let least = bound("minLength").filter(|least| *least > 0).or(is_never_empty.then_some(1));
    Text { length: Bounds { least, most: bound("maxLength") }, format, pattern }
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
        let document = Document::read(&json!({"type": "object", "patternProperties": {"^a": true}})).unwrap();
        assert_eq!(document.root, Shape::Opaque("what `patternProperties` in its schema asks for".into()));
    }

    #[test]
    fn choices_among_choices_are_one_and_a_choice_of_one_is_none() {
        let nested = json!({"anyOf": [{"type": ["string", "null"]}, {"oneOf": [{"const": 1}]}]});
        let Shape::Choice(choice) = Document::read(&nested).unwrap().root else { panic!("no choice") };
        assert_eq!(choice.of.len(), 3);
        assert_eq!(Document::read(&json!({"anyOf": [{"type": "null"}]})).unwrap().root, Shape::Null);
    }
}
