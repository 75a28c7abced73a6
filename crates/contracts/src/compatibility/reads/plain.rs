//! What has no parts.

use serde_json::Value;

use crate::shape::{Bounds, Shape, Text};

/// Whether all of what is written is read, of what is neither a name nor a choice, and not a list or an object on both
/// sides.
pub(super) fn is_plain_read(written: &Shape, read: &Shape) -> bool {
    match (written, read) {
        (_, Shape::Any) | (Shape::Null, Shape::Null) | (Shape::Bool, Shape::Bool) => true,
        (Shape::Integer(a), Shape::Integer(b)) => a.lie_within(b),
        (Shape::Integer(a), Shape::Number(b)) => as_floats(a).lie_within(b),
        (Shape::Number(a), Shape::Number(b)) => a.lie_within(b),
        (Shape::Text(a), Shape::Text(b)) => is_text_read(a, b),
        (Shape::Just(value), _) => is_value_read(value, read),
        (Shape::Opaque(a), Shape::Opaque(b)) => a.fingerprint == b.fingerprint,
        _ => false,
    }
}

pub(super) fn is_a_text(shape: &Shape) -> bool {
    matches!(shape, Shape::Text(_) | Shape::Just(Value::String(_)))
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

fn is_value_read(value: &Value, read: &Shape) -> bool {
    match (value, read) {
        (_, Shape::Just(other)) => value == other,
        (Value::Null, Shape::Null) | (Value::Bool(_), Shape::Bool) => true,
        (Value::String(text), Shape::Text(shape)) => {
            let is_free = shape.format.is_none() && shape.pattern.is_none();
            is_free && holds(&shape.length, text.chars().count() as u64)
        }
        (Value::Number(number), Shape::Integer(bounds)) => number.as_i128().is_some_and(|whole| holds(bounds, whole)),
        (Value::Number(number), Shape::Number(bounds)) => number.as_f64().is_some_and(|float| holds(bounds, float)),
        _ => false,
    }
}

fn holds<T: PartialOrd + Copy>(bounds: &Bounds<T>, value: T) -> bool {
    bounds.least.is_none_or(|least| least <= value) && bounds.most.is_none_or(|most| value <= most)
}
