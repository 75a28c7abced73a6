//! Whole numbers as serde reads them: written without a fraction or an exponent, and within their type.

use jsonschema::{Keyword, ValidationError, paths::Location};
use schemars::Schema;
use serde_json::{Map, Number, Value};

/// Stands in a validator's copy of a schema where the schema has the `format` of an integer type.
pub(super) const KEYWORD: &str = "x-tekup-whole";

/// Asks for what the `format` of an integer type means.
pub(super) fn ask_for(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    let is_integer = match object.get("type") {
        Some(Value::String(one)) => one == "integer",
        Some(Value::Array(several)) => several.iter().any(|one| one == "integer"),
        _ => false,
    };
    if is_integer && object.get("format").and_then(Value::as_str).and_then(Whole::of).is_some() {
        let format = object.remove("format").unwrap_or_default();
        object.insert(KEYWORD.into(), format);
    }
}

/// For [`ValidationOptions::with_keyword`](jsonschema::ValidationOptions::with_keyword).
pub(super) fn keyword<'a>(
    parent: &'a Map<String, Value>,
    format: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let format = format.as_str().unwrap_or_default();
    let whole = Whole::of(format).ok_or_else(|| ValidationError::schema("is no format of an integer"))?;
    let told = format!(
        "value is no {format}: write a whole number from {} to {}, without a fraction or an exponent",
        whole.least, whole.most
    );
    Ok(Box::new(Asked { whole: whole.but_for_bounds_of(parent), told }))
}

/// What an integer type holds.
#[derive(Clone, Copy)]
struct Whole {
    least: i128,
    most: u128,
    /// Whether it holds more than 64 bits do.
    is_wide: bool,
}

impl Whole {
    fn of(format: &str) -> Option<Self> {
        let signed = |least: i128| Self { least, most: least.unsigned_abs() - 1, is_wide: least < i64::MIN.into() };
        let unsigned = |most: u128| Self { least: 0, most, is_wide: most > u64::MAX.into() };
        Some(match format {
            "int8" => signed(i8::MIN.into()),
            "int16" => signed(i16::MIN.into()),
            "int32" => signed(i32::MIN.into()),
            "int64" | "int" => signed(i64::MIN.into()),
            "int128" => signed(i128::MIN),
            "uint8" => unsigned(u8::MAX.into()),
            "uint16" => unsigned(u16::MAX.into()),
            "uint32" => unsigned(u32::MAX.into()),
            "uint64" | "uint" => unsigned(u64::MAX.into()),
            "uint128" => unsigned(u128::MAX),
            _ => return None,
        })
    }

    /// Without the ends that the schema's own bounds tell, so that no mistake is told twice.
    fn but_for_bounds_of(self, schema: &Map<String, Value>) -> Self {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let has_least = bound("minimum").is_some_and(|bound| bound >= self.least as f64);
        let has_most = bound("maximum").is_some_and(|bound| bound <= self.most as f64);
        Self {
            least: if has_least { i128::MIN } else { self.least },
            most: if has_most { u128::MAX } else { self.most },
            is_wide: self.is_wide,
        }
    }

    fn holds(self, number: &Number) -> bool {
        if let Some(number) = number.as_u64() {
            return u128::from(number) <= self.most;
        }
        if let Some(number) = number.as_i64() {
            return i128::from(number) >= self.least;
        }
        number.as_f64().is_some_and(|float| self.may_hold(float))
    }

    /// A float is what was written as one, what 64 bits don't hold, and `-0`. The second is given the benefit of the doubt.
    fn may_hold(self, float: f64) -> bool {
        let is_large = float >= u64::MAX as f64 || float <= i64::MIN as f64;
        self.is_wide && is_large && (self.least as f64..=self.most as f64).contains(&float)
    }
}

struct Asked {
    whole: Whole,
    told: String,
}

impl<'i> Keyword<'i> for Asked {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, value) { Ok(()) } else { Err(ValidationError::custom(self.told.clone())) }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        match value {
            Value::Number(number) => self.whole.holds(number) || has_fraction(number),
            _ => true,
        }
    }

    // Called for each number. An iterator of nothing allocates nothing, other than one of an option.
    fn iter_errors(&self, value: &'i Value) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        match self.validate(value) {
            Ok(()) => Box::new(std::iter::empty()),
            Err(error) => Box::new(std::iter::once(error)),
        }
    }
}

/// No integer to JSON Schema either: its `type` tells.
fn has_fraction(number: &Number) -> bool {
    number.as_f64().is_some_and(|float| float.fract() != 0.0)
}
