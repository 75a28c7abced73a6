//! What a place is made of, one step down.

use super::plain::is_plain_read;
use crate::shape::{Field, Keys, List, Record, Rest, Shape};

/// What must hold at one part of a place.
pub(super) struct Part<'a> {
    /// What it adds to the path of the place; empty for the place itself.
    pub(super) at: String,
    pub(super) demand: Demand<'a>,
}

pub(super) enum Demand<'a> {
    /// Each of these may be written, and must be read.
    Read(Vec<&'a Shape>, &'a Shape),
    /// The reader fails, and why.
    Fails(String),
}

/// What must hold for one shape to be read by another, of which none is a name or a choice. Nothing, if it is read as it is.
pub(super) fn parts<'a>(written: &'a Shape, read: &'a Shape) -> Vec<Part<'a>> {
    match (written, read) {
        (Shape::List(a), Shape::List(b)) => lists(a, b),
        (Shape::Record(a), Shape::Record(b)) => records(a, b),
        _ if is_plain_read(written, read) => Vec::new(),
        (Shape::Opaque(it), _) | (_, Shape::Opaque(it)) => vec![fails("", format!("{} can't be compared", it.why))],
        _ => vec![fails("", format!("it takes {read}, and {written} is written"))],
    }
}

fn fails(at: impl Into<String>, why: impl Into<String>) -> Part<'static> {
    Part { at: at.into(), demand: Demand::Fails(why.into()) }
}

fn must_read<'a>(at: String, written: &'a Shape, read: &'a Shape) -> Part<'a> {
    Part { at, demand: Demand::Read(vec![written], read) }
}

fn lists<'a>(written: &'a List, read: &'a List) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    if !written.length.lie_within(&read.length) {
        let why = format!("it takes a list{}, and a list{} is written", read.length, written.length);
        parts.push(fails("", why));
    }
    if read.is_set && !written.is_set && read.length.least.is_some_and(|least| least > 1) {
        let why =
            format!("it takes a list{} without repeats, and a list that may repeat items is written", read.length);
        parts.push(fails("", why));
    }
    let named = written.first.len().max(read.first.len());
    for at in 0..named {
        let (a, b) = (written.first.get(at).unwrap_or(&written.items), read.first.get(at).unwrap_or(&read.items));
        parts.push(must_read(format!("[{at}]"), a, b));
    }
    if written.length.most.is_none_or(|most| most > named as u64) {
        parts.push(must_read("[]".into(), &written.items, &read.items));
    }
    parts
}

fn records<'a>(written: &'a Record, read: &'a Record) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (name, field) in &read.fields {
        parts.extend(known(name, field, written));
    }
    for (name, field) in written.fields.iter().filter(|(name, _)| !read.fields.contains_key(*name)) {
        parts.extend(unknown(format!(".{name}"), written_if_there(field), &read.rest, |keys| keys.hold(name)));
    }
    if let Rest::Kept(own) = &written.rest {
        parts.extend(unknown(".*".into(), vec![&own.of], &read.rest, |keys| own.keys.are_among(keys)));
    }
    parts
}

/// A field that the reader names.
fn known<'a>(name: &str, field: &'a Field, written: &'a Record) -> Vec<Part<'a>> {
    let at = format!(".{name}");
    let Some(own) = written.fields.get(name) else {
        return absent(name, field, &written.rest).into_iter().collect();
    };
    let demand = Demand::Read(written_if_there(own), &field.shape);
    let left_out = field.is_required && !own.is_required;
    let required = left_out.then(|| fails(at.clone(), "it requires the field, which may be left out"));
    required.into_iter().chain([Part { at, demand }]).collect()
}

/// A field that the reader names, and the writer does not.
fn absent<'a>(name: &str, field: &'a Field, rest: &'a Rest) -> Option<Part<'a>> {
    let at = format!(".{name}");
    if field.is_required {
        return Some(fails(at, "it requires the field, which is not written"));
    }
    match rest {
        Rest::Kept(kept) if kept.keys.may_hold(name) => Some(must_read(at, &kept.of, &field.shape)),
        Rest::Kept(_) | Rest::Ignored | Rest::Denied => None,
    }
}

/// A field that the reader does not name.
fn unknown<'a>(
    at: String,
    written: Vec<&'a Shape>,
    rest: &'a Rest,
    is_key: impl Fn(&Keys) -> bool,
) -> Option<Part<'a>> {
    match rest {
        Rest::Ignored => None,
        Rest::Denied => Some(fails(at, "it does not know the field, and denies what it does not know")),
        Rest::Kept(read) if is_key(&read.keys) => Some(Part { at, demand: Demand::Read(written, &read.of) }),
        Rest::Kept(read) => Some(fails(at, format!("it takes {}, and another may be written", read.keys))),
    }
}

/// What is written in a field that may be left out: it is left out instead of null, as with
/// `skip_serializing_if = "Option::is_none"`.
fn written_if_there(field: &Field) -> Vec<&Shape> {
    match &field.shape {
        Shape::Choice(choice) if !field.is_required => choice.of.iter().filter(|one| **one != Shape::Null).collect(),
        shape => vec![shape],
    }
}
