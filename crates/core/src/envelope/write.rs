//! Writing: JSON as JavaScript writes it, and no number that JSON lacks.

mod refused;

use std::io;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::ser::Formatter;

use super::Envelope;
use crate::{
    error::{Error, ErrorKind, Result},
    event::UnknownValue,
};

/// The envelope with its data, as JSON.
pub(crate) fn write<D: Serialize + ?Sized>(envelope: &Envelope, data: &D) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    write_json(&mut out, &Wire { envelope, data })?;
    Ok(out)
}

pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let mut out = Vec::new();
    write_json(&mut out, value)?;
    String::from_utf8(out).map_err(|cause| Error::new(ErrorKind::Unencodable, "JSON is no UTF-8").with_source(cause))
}

fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<()> {
    let mut formatter = JavaScript { wrote_null: false };
    UnknownValue::forget_written();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, &mut formatter)).map_err(|cause| {
        Error::new(ErrorKind::Unencodable, format!("can't be written as JSON: {cause}")).with_source(cause)
    })?;
    // serde_json writes NaN and infinity as null. They are looked for only if a null was written.
    if formatter.wrote_null || UnknownValue::was_written() { refused::check(value) } else { Ok(()) }
}

struct Wire<'a, D: ?Sized> {
    envelope: &'a Envelope,
    data: &'a D,
}

impl<D: Serialize + ?Sized> Serialize for Wire<'_, D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let envelope = self.envelope;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &envelope.id)?;
        map.serialize_entry("type", &envelope.event_type)?;
        map.serialize_entry("version", &envelope.version)?;
        map.serialize_entry("tenantId", &envelope.tenant)?;
        if let Some(user) = &envelope.user {
            map.serialize_entry("userId", user)?;
        }
        map.serialize_entry("timestamp", &envelope.timestamp)?;
        if !envelope.metadata.is_empty() {
            map.serialize_entry("metadata", &envelope.metadata.0)?;
        }
        for (name, value) in envelope.extensions.iter() {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", self.data)?;
        map.end()
    }
}

/// Numbers as JavaScript writes them: a whole float has no fraction, and below 10^21 no exponent.
struct JavaScript {
    wrote_null: bool,
}

/// Below this every whole float is an `i64`, which is written faster.
const EXACT: f64 = 9_007_199_254_740_992.0;
const EXPONENT_FROM: f64 = 1e21;

impl Formatter for &mut JavaScript {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.wrote_null = true;
        writer.write_all(b"null")
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value.fract() == 0.0 && value.abs() < EXACT {
            return self.write_i64(writer, value as i64);
        }
        if value.fract() == 0.0 && value.abs() < EXPONENT_FROM {
            return write!(writer, "{value}");
        }
        serde_json::ser::CompactFormatter.write_f64(writer, value)
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        if value.fract() == 0.0 && f64::from(value).abs() < EXACT {
            return self.write_i64(writer, value as i64);
        }
        if value.fract() == 0.0 && f64::from(value).abs() < EXPONENT_FROM {
            return write!(writer, "{value}");
        }
        serde_json::ser::CompactFormatter.write_f32(writer, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        let table: [(f64, &str); 10] = [
            (150_000.0, "150000"),
            (-0.0, "0"),
            (0.87, "0.87"),
            (-2.0, "-2"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1_152_921_504_606_846_976.0, "1152921504606847000"),
            (-1e20, "-100000000000000000000"),
            (1e300, "1e+300"),
            (1e-7, "1e-7"),
        ];
        for (number, json) in table {
            assert_eq!(to_json(&number).unwrap(), json);
            assert_eq!(json.parse::<f64>().unwrap(), number);
        }
        assert_eq!(to_json(&16_777_216_f32).unwrap(), "16777216");
        assert_eq!(to_json(&1e18_f32).unwrap(), "1000000000000000000");
        assert_eq!(to_json(&0.1_f32).unwrap(), "0.1");
    }

    #[test]
    fn every_number_is_read_as_it_was_written() {
        for number in [449.49106478873813, 0.1 + 0.2, 1.0 / 3.0, f64::MIN_POSITIVE, f64::MAX, 5e-324] {
            assert_eq!(serde_json::from_str::<f64>(&to_json(&number).unwrap()).unwrap(), number);
        }
    }

    #[test]
    fn a_number_that_json_lacks_is_refused_with_its_path() {
        #[derive(Serialize)]
        struct Inner {
            ratio: f64,
            note: Option<String>,
        }
        #[derive(Serialize)]
        struct Outer {
            items: Vec<Inner>,
        }
        let outer = |ratio| Outer { items: vec![Inner { ratio: 1.0, note: None }, Inner { ratio, note: None }] };
        assert!(to_json(&outer(2.0)).is_ok());
        for ratio in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = to_json(&outer(ratio)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unencodable);
            assert!(error.to_string().contains("items[1].ratio"), "{error}");
        }
    }

    #[test]
    fn all_that_is_refused_is_named_at_once_but_no_more_than_can_be_read() {
        let error = to_json(&[f64::NAN, 1.0, f64::INFINITY]).unwrap_err();
        assert_eq!(error.problems().len(), 2);
        assert!(error.problems()[1].starts_with("`[2]` is inf"), "{error}");
        assert_eq!(to_json(&vec![f64::NAN; 1_000]).unwrap_err().problems().len(), 20);
    }
}
