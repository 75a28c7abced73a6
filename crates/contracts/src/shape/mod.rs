//! What JSON a program writes or reads, as far as its schema tells: JSON Schema brought into serde's terms.

mod both;
mod bounds;
mod document;
mod keys;
mod keywords;
mod numbers;
mod opaque;
mod read;
mod texts;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

pub(crate) use bounds::Bounds;
pub(crate) use document::{Document, ROOT, definition_of};
pub(crate) use keys::Keys;
pub(crate) use keywords::KEEPS_UNKNOWN;
pub(crate) use opaque::Opaque;

/// One place of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Any,
    Never,
    Null,
    Bool,
    Integer(Bounds<i128>),
    Number(Bounds<f64>),
    Text(Text),
    /// This one value.
    Just(Value),
    List(List),
    Record(Record),
    Choice(Choice),
    /// A definition of the document, by its name, or [`ROOT`].
    Named(String),
    /// What can't be told of it, and so not compared.
    Opaque(Opaque),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    /// In characters.
    pub(crate) length: Bounds<u64>,
    pub(crate) format: Option<String>,
    pub(crate) pattern: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List {
    /// The first items, each with a shape of its own.
    pub(crate) first: Vec<Shape>,
    pub(crate) items: Box<Shape>,
    pub(crate) length: Bounds<u64>,
    /// No item is there twice; a reader drops those that are.
    pub(crate) is_set: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) rest: Rest,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) shape: Shape,
    pub(crate) is_required: bool,
}

/// Fields that a record does not name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rest {
    /// A reader passes them over; a writer has none.
    Ignored,
    /// A reader fails on them.
    Denied,
    /// They belong to it: a map.
    Kept(Kept),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) keys: Keys,
    pub(crate) of: Box<Shape>,
}

#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) of: Vec<Shape>,
    /// A reader keeps texts that are none of these.
    pub(crate) keeps_unknown: bool,
}

/// In any order: schemars moves a choice that is described behind those that are not.
impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        let has_all = |a: &Self, b: &Self| a.of.iter().all(|one| b.of.contains(one));
        let is_same = self.of == other.of || has_all(self, other) && has_all(other, self);
        self.keeps_unknown == other.keeps_unknown && is_same
    }
}

/// In few words, for a finding.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Never => f.write_str("nothing"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("true or false"),
            Self::Integer(bounds) => write!(f, "a whole number{bounds}"),
            Self::Number(bounds) => write!(f, "a number{bounds}"),
            Self::Text(Text { format: Some(format), .. }) => write!(f, "a text of the format {format}"),
            Self::Text(Text { pattern: Some(pattern), .. }) => write!(f, "a text that matches {pattern}"),
            Self::Text(text) if text.length == Bounds::NONE => f.write_str("a text"),
            Self::Text(text) => write!(f, "a text with a length{}", text.length),
            Self::Just(value) => write!(f, "{value}"),
            Self::List(_) => f.write_str("a list"),
            Self::Record(_) => f.write_str("an object"),
            Self::Choice(choice) => write!(f, "{choice}"),
            Self::Named(name) if name == ROOT => f.write_str("what the event itself holds"),
            Self::Named(name) => f.write_str(name),
            Self::Opaque(opaque) => f.write_str(&opaque.why),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, shape) in self.of.iter().enumerate() {
            if at > 0 {
                f.write_str(" or ")?;
            }
            write!(f, "{shape}")?;
        }
        Ok(())
    }
}
