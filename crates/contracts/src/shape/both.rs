//! Several demands at once: where flattened structs and the tags of enums meet.

use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::{Choice, Field, Kept, Opaque, Record, Rest, Shape, read::Reader};

/// The most choices that are told apart.
const MOST_CHOICES: usize = 256;

/// Of one schema.
pub(super) struct Both<'r, 'a> {
    reader: &'r mut Reader<'a>,
    schema: &'r Map<String, Value>,
    /// The whole of it, once that is asked for.
    opaque: OnceCell<Opaque>,
}

impl<'r, 'a> Both<'r, 'a> {
    pub(super) fn new(reader: &'r mut Reader<'a>, schema: &'r Map<String, Value>) -> Self {
        Self { reader, schema, opaque: OnceCell::new() }
    }

    /// What both ask for.
    pub(super) fn of(&mut self, a: Shape, b: Shape) -> Shape {
        if !self.reader.goes_on() {
            return Shape::Never;
        }
        match (a, b) {
            (Shape::Any, other) | (other, Shape::Any) => other,
            (a, b) if a == b => a,
            (Shape::Named(name), other) | (other, Shape::Named(name)) => match self.reader.definition(&name) {
                Some(shape) => self.of(shape, other),
                None => self.opaque(&Shape::Named(name), &other),
            },
            (Shape::Record(a), Shape::Record(b)) => Shape::Record(self.record(a, b)),
            (Shape::Integer(a), Shape::Integer(b)) => Shape::Integer(a.and(b)),
            (Shape::Number(a), Shape::Number(b)) => Shape::Number(a.and(b)),
            (Shape::Choice(choice), other) | (other, Shape::Choice(choice)) => self.each(choice, other),
            (a, b) => self.opaque(&a, &b),
        }
    }

    fn opaque(&self, a: &Shape, b: &Shape) -> Shape {
        let whole = || self.reader.opaque("several demands at once in its schema", self.schema);
        Shape::Opaque(self.opaque.get_or_init(whole).part(&format!("{a:?} {b:?}")))
    }

    fn each(&mut self, choices: Choice, other: Shape) -> Shape {
        let others = if let Shape::Choice(others) = &other { others.of.len() } else { 1 };
        if choices.of.len().saturating_mul(others) > MOST_CHOICES {
            return self.opaque(&Shape::Choice(choices), &other);
        }
        let of = choices.of.into_iter().map(|one| self.of(one, other.clone())).collect();
        choice(of, choices.keeps_unknown)
    }

    fn record(&mut self, a: Record, b: Record) -> Record {
        let mut fields = a.fields;
        for (name, field) in b.fields {
            let merged = match fields.remove(&name) {
                Some(other) => Field {
                    is_required: field.is_required || other.is_required,
                    shape: self.of(other.shape, field.shape),
                },
                None => field,
            };
            fields.insert(name, merged);
        }
        Record { fields, rest: self.rest(a.rest, b.rest) }
    }

    fn rest(&mut self, a: Rest, b: Rest) -> Rest {
        match (a, b) {
            (Rest::Denied, _) | (_, Rest::Denied) => Rest::Denied,
            (Rest::Ignored, other) | (other, Rest::Ignored) => other,
            (Rest::Kept(a), Rest::Kept(b)) if a.keys == b.keys => {
                Rest::Kept(Kept { keys: a.keys, of: Box::new(self.of(*a.of, *b.of)) })
            }
            (Rest::Kept(a), Rest::Kept(b)) => {
                let of = Box::new(self.opaque(&a.of, &b.of));
                Rest::Kept(Kept { of, ..a })
            }
        }
    }
}

/// Choices among choices are one; a choice of one is none.
pub(super) fn choice(of: Vec<Shape>, keeps_unknown: bool) -> Shape {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Document;
    use super::*;

    fn root(schema: &Value) -> Shape {
        Document::read(schema).unwrap().root
    }

    #[test]
    fn a_name_beside_fields_is_the_fields_of_both() {
        let part = json!({"type": "object", "properties": {"b": {"type": "null"}}, "required": ["b"]});
        let tag = json!({"a": {"const": "A"}});
        let beside = json!({"$defs": {"Part": part}, "$ref": "#/$defs/Part", "type": "object", "properties": tag});
        let at_once =
            json!({"type": "object", "properties": {"a": {"const": "A"}, "b": {"type": "null"}}, "required": ["b"]});
        assert_eq!(root(&beside), root(&at_once));
    }

    #[test]
    fn two_ranges_are_what_lies_within_both() {
        let within = json!({"allOf": [{"type": "integer", "minimum": 1}, {"type": "integer", "maximum": 5}]});
        assert_eq!(root(&within), root(&json!({"type": "integer", "minimum": 1, "maximum": 5})));
        let within = json!({"allOf": [{"type": "number", "minimum": 1}, {"type": "number", "exclusiveMinimum": 1}]});
        assert_eq!(root(&within), root(&json!({"type": "number", "exclusiveMinimum": 1})));
    }

    #[test]
    fn a_rest_that_is_denied_wins_and_two_maps_are_both() {
        let denied = json!({"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false});
        let Shape::Record(record) = root(&denied) else { panic!("no record") };
        assert_eq!((record.fields.len(), record.rest), (1, Rest::Denied));
        let map = |least: i32| json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": least}});
        assert_eq!(root(&json!({"allOf": [map(1), map(2)]})), root(&map(2)));
    }

    #[test]
    fn what_is_neither_of_two_demands_is_not_understood() {
        let several = json!({"allOf": [{"type": "string", "minLength": 1}, {"type": "string", "pattern": "^a"}]});
        assert!(matches!(root(&several), Shape::Opaque(_)), "{:?}", root(&several));
    }

    #[test]
    fn a_definition_that_asks_for_itself_comes_to_an_end() {
        let itself = json!({"$ref": "#/$defs/A", "properties": {"a": true}});
        assert!(matches!(root(&json!({"$defs": {"A": itself}, "$ref": "#/$defs/A"})), Shape::Named(_)));
        assert!(matches!(root(&json!({"$ref": "#", "properties": {"a": true}})), Shape::Opaque(_)));
    }

    #[test]
    fn choices_that_multiply_come_to_an_end() {
        let ten: Vec<Value> = (0..10).map(|at| json!({"properties": {at.to_string(): true}})).collect();
        let multiplied = json!({"allOf": vec![json!({"anyOf": ten}); 12]});
        assert!(matches!(root(&multiplied), Shape::Choice(_) | Shape::Opaque(_)));
    }

    #[test]
    fn definitions_that_double_each_other_are_refused() {
        let twice = |next: usize| {
            let next = json!({"$ref": format!("#/$defs/{next}"), "properties": {next.to_string(): true}});
            json!({"anyOf": [next, next]})
        };
        let mut definitions: Value = (0..40).map(|at: usize| (at.to_string(), twice(at + 1))).collect();
        definitions["40"] = json!({"type": "object"});
        let error = Document::read(&json!({"$defs": definitions, "$ref": "#/$defs/0"})).unwrap_err().to_string();
        assert!(error.contains("too many choices that are merged"), "{error}");
    }
}
