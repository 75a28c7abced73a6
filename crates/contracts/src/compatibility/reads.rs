//! Whether a reader reads all that a writer may write, in serde's terms: fields that a reader does not know are passed
//! over, what has a default may be absent, a number is not a text.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::Value;

use crate::shape::{Bounds, Choice, Document, Field, List, Record, Rest, Shape, Text};

/// A place at which a reader fails, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mismatch {
    pub(super) path: String,
    pub(super) why: String,
}

/// All places at which the reader may fail.
pub(super) fn mismatches(writer: &Document, reader: &Document) -> Vec<Mismatch> {
    let mut comparison = Comparison { writer, reader, assumed: BTreeSet::new(), found: Vec::new(), depth: 0 };
    comparison.compare(&writer.root, &reader.root, "data");
    comparison.found
}

/// The deepest nesting that is compared.
const DEEPEST: usize = 256;

struct Comparison<'a> {
    writer: &'a Document,
    reader: &'a Document,
    /// Pairs of definitions that are compared already: types that hold themselves come to an end.
    assumed: BTreeSet<(String, String)>,
    found: Vec<Mismatch>,
    depth: usize,
}

impl Comparison<'_> {
    fn compare(&mut self, written: &Shape, read: &Shape, path: &str) {
        if self.depth == DEEPEST {
            return self.note(path, "it is nested too deep to be compared");
        }
        self.depth += 1;
        self.one(written, read, path);
        self.depth -= 1;
    }

    fn one(&mut self, written: &Shape, read: &Shape, path: &str) {
        match (written, read) {
            (_, Shape::Any) | (Shape::Never, _) => {}
            (Shape::Opaque(why), _) | (_, Shape::Opaque(why)) => self.note(path, &format!("{why} can't be compared")),
            (Shape::Named(a), Shape::Named(b)) => self.named(a, b, path),
            (Shape::Named(name), _) => self.compare(self.writer.named(name), read, path),
            (_, Shape::Named(name)) => self.compare(written, self.reader.named(name), path),
            (Shape::Choice(choice), _) => choice.of.iter().for_each(|one| self.compare(one, read, path)),
            (_, Shape::Choice(choice)) => self.chosen(written, choice, path),
            (Shape::Null, Shape::Null) | (Shape::Bool, Shape::Bool) => {}
            (Shape::Integer(a), Shape::Integer(b)) if a.lie_within(b) => {}
            (Shape::Integer(a), Shape::Number(b)) if as_floats(a).lie_within(b) => {}
            (Shape::Number(a), Shape::Number(b)) if a.lie_within(b) => {}
            (Shape::Text(a), Shape::Text(b)) if is_text_read(a, b) => {}
            (Shape::Just(value), _) if is_read(value, read) => {}
            (Shape::List(a), Shape::List(b)) => self.lists(a, b, path),
            (Shape::Record(a), Shape::Record(b)) => self.records(a, b, path),
            _ => self.note(path, &format!("it takes {read}, and {written} is written")),
        }
    }

    fn note(&mut self, path: &str, why: &str) {
        self.found.push(Mismatch { path: path.into(), why: why.into() });
    }

    fn named(&mut self, a: &str, b: &str, path: &str) {
        if self.assumed.insert((a.into(), b.into())) {
            self.compare(self.writer.named(a), self.reader.named(b), path);
        }
    }

    /// One of the reader's choices must take it; if none does, the nearest says why.
    fn chosen(&mut self, written: &Shape, choice: &Choice, path: &str) {
        if choice.keeps_unknown && is_a_text(written) {
            return;
        }
        let before = self.found.len();
        let mut nearest: Option<Vec<Mismatch>> = None;
        for one in &choice.of {
            let assumed = self.assumed.clone();
            self.compare(written, one, path);
            let found = self.found.split_off(before);
            if found.is_empty() {
                return;
            }
            self.assumed = assumed;
            let is_inside = found.iter().all(|mismatch| mismatch.path != path);
            if is_inside && nearest.as_ref().is_none_or(|other| found.len() < other.len()) {
                nearest = Some(found);
            }
        }
        match nearest {
            Some(found) => self.found.extend(found),
            None => self.note(path, &format!("it takes {choice}, and {written} is written")),
        }
    }

    fn lists(&mut self, written: &List, read: &List, path: &str) {
        if !written.length.lie_within(&read.length) {
            let why = format!("it takes a list{}, and a list{} is written", read.length, written.length);
            self.note(path, &why);
        }
        let named = written.first.len().max(read.first.len());
        for at in 0..named {
            let of = |list: &List| list.first.get(at).unwrap_or(&list.items).clone();
            self.compare(&of(written), &of(read), &format!("{path}[{at}]"));
        }
        if written.length.most.is_none_or(|most| most > named as u64) {
            self.compare(&written.items, &read.items, &format!("{path}[]"));
        }
    }

    fn records(&mut self, written: &Record, read: &Record, path: &str) {
        for (name, field) in &read.fields {
            let path = format!("{path}.{name}");
            match (written.fields.get(name), &written.rest) {
                (Some(own), _) => {
                    if field.is_required && !own.is_required {
                        self.note(&path, "it requires the field, which may be left out");
                    }
                    self.compare(&written_if_there(own), &field.shape, &path);
                }
                (None, _) if field.is_required => self.note(&path, "it requires the field, which is not written"),
                (None, Rest::Kept(any)) => self.compare(any, &field.shape, &path),
                (None, _) => {}
            }
        }
        let unknown: Vec<_> = written.fields.iter().filter(|(name, _)| !read.fields.contains_key(*name)).collect();
        for (name, field) in unknown {
            self.rest(&field.shape, &read.rest, &format!("{path}.{name}"));
        }
        if let Rest::Kept(any) = &written.rest {
            self.rest(any, &read.rest, &format!("{path}.*"));
        }
    }

    /// A field that the reader does not name.
    fn rest(&mut self, written: &Shape, rest: &Rest, path: &str) {
        match rest {
            Rest::Ignored => {}
            Rest::Denied => self.note(path, "it does not know the field, and denies what it does not know"),
            Rest::Kept(read) => self.compare(written, read, path),
        }
    }
}

/// What is written in a field that may be left out: it is left out instead of null, as with
/// `skip_serializing_if = "Option::is_none"`.
fn written_if_there(field: &Field) -> Cow<'_, Shape> {
    match &field.shape {
        Shape::Choice(choice) if !field.is_required => {
            let of = choice.of.iter().filter(|one| **one != Shape::Null).cloned().collect();
            Cow::Owned(Shape::Choice(Choice { of, ..*choice }))
        }
        shape => Cow::Borrowed(shape),
    }
}

fn as_floats(bounds: &Bounds<i128>) -> Bounds<f64> {
    let float = |whole: i128| whole as f64;
    Bounds { least: bounds.least.map(float), most: bounds.most.map(float) }
}

fn is_text_read(written: &Text, read: &Text) -> bool {
    let has_format = read.format.is_none() || read.format == written.format;
    let has_pattern = read.pattern.is_none() || read.pattern == written.pattern;
    has_format && has_pattern && written.length.lie_within(&read.length)
}

fn is_a_text(shape: &Shape) -> bool {
    matches!(shape, Shape::Text(_) | Shape::Just(Value::String(_)))
}

/// Whether one value is taken.
fn is_read(value: &Value, read: &Shape) -> bool {
    match (value, read) {
        (_, Shape::Just(other)) => value == other,
        (Value::Null, Shape::Null) | (Value::Bool(_), Shape::Bool) => true,
        (Value::String(text), Shape::Text(shape)) => {
            let length = text.chars().count() as u64;
            let is_long_enough = shape.length.least.is_none_or(|least| least <= length);
            let is_short_enough = shape.length.most.is_none_or(|most| length <= most);
            shape.format.is_none() && shape.pattern.is_none() && is_long_enough && is_short_enough
        }
        (Value::Number(number), Shape::Integer(bounds)) => number.as_i128().is_some_and(|whole| holds(bounds, whole)),
        (Value::Number(number), Shape::Number(bounds)) => number.as_f64().is_some_and(|float| holds(bounds, float)),
        _ => false,
    }
}

fn holds<T: PartialOrd + Copy>(bounds: &Bounds<T>, value: T) -> bool {
    bounds.least.is_none_or(|least| least <= value) && bounds.most.is_none_or(|most| value <= most)
}
