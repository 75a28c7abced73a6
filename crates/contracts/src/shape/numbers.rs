//! What a schema says of a number.

use serde_json::{Map, Value, json};

use super::{Bounds, Choice, Shape};

/// As of Rust's integers, those that can't be zero among them.
pub(super) fn integer(object: &Map<String, Value>) -> Shape {
    let bounds = integer_bounds(object);
    if !leaves_out_zero(object) {
        return Shape::Integer(bounds);
    }
    let below = bounds.and(Bounds { least: None, most: Some(-1) });
    let above = bounds.and(Bounds { least: Some(1), most: None });
    Shape::Choice(Choice { of: vec![Shape::Integer(below), Shape::Integer(above)], keeps_unknown: false })
}

/// Whether a whole number is asked for that is not zero, as schemars says it of `NonZeroI32`: all of `not` that is understood.
pub(super) fn leaves_out_zero(object: &Map<String, Value>) -> bool {
    let is_whole = match object.get("type") {
        Some(Value::Array(several)) => several.iter().all(|one| one == "integer" || one == "null"),
        Some(one) => one == "integer",
        None => false,
    };
    is_whole && object.get("not") == Some(&json!({"const": 0}))
}

pub(super) fn number(object: &Map<String, Value>) -> Shape {
    let bound = |name: &str| object.get(name).and_then(Value::as_f64);
    let exclusive = Bounds {
        least: bound("exclusiveMinimum").map(f64::next_up),
        most: bound("exclusiveMaximum").map(f64::next_down),
    };
    Shape::Number(Bounds { least: bound("minimum"), most: bound("maximum") }.and(exclusive))
}

fn integer_bounds(object: &Map<String, Value>) -> Bounds<i128> {
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
