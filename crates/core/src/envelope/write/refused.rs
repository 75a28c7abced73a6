//! Looks for what may not be published, and names each place: a NaN, an infinity, a value outside a closed set.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::{
    error::{Error, ErrorKind, Result, shown},
    event::UnknownValue,
};

pub(super) fn check<T: Serialize + ?Sized>(value: &T) -> Result<()> {
    let mut walk = Walk { path: String::new(), kind: ErrorKind::Unencodable, found: Vec::new() };
    // A type whose own `Serialize` complains here was written a moment ago, so there is nothing to tell.
    let _complaint = value.serialize(&mut walk);
    if walk.found.is_empty() { Ok(()) } else { Err(Error::from_problems(walk.kind, walk.found)) }
}

struct Walk {
    path: String,
    kind: ErrorKind,
    /// A message for each place.
    found: Vec<String>,
}

/// The most places that an error names.
const MOST: usize = 20;

/// The complaint of a type's own `Serialize`.
#[derive(Debug)]
struct Complaint;

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type's own complaint")
    }
}

impl std::error::Error for Complaint {}

impl serde::ser::Error for Complaint {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Walked = Result<(), Complaint>;

impl Walk {
    fn number(&mut self, value: f64) -> Walked {
        if !value.is_finite() {
            self.note(format_args!("is {value}, which JSON can't hold: publish a finite number or leave it out"));
        }
        Ok(())
    }

    fn unknown(&mut self) -> Walked {
        self.kind = ErrorKind::Invalid;
        self.note(format_args!("holds a value that its set does not know: publish one of the set"));
        Ok(())
    }

    fn note(&mut self, what: fmt::Arguments<'_>) {
        if self.found.len() < MOST {
            self.found.push(format!("`{}` {what}", shown(&self.path)));
        }
    }

    fn enter<T: Serialize + ?Sized>(&mut self, segment: fmt::Arguments<'_>, value: &T) -> Walked {
        self.within(segment, |walk| value.serialize(walk))
    }

    fn within(&mut self, segment: fmt::Arguments<'_>, look: impl FnOnce(&mut Self) -> Walked) -> Walked {
        let before = self.path.len();
        if !self.path.is_empty() && !segment.to_string().starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(&segment.to_string());
        look(self)?;
        self.path.truncate(before);
        Ok(())
    }
}

/// Walks the parts of a compound, by name or by position.
struct Parts<'a> {
    walk: &'a mut Walk,
    next: usize,
    key: String,
}

impl Parts<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
        let index = self.next;
        self.next += 1;
        self.walk.enter(format_args!("[{index}]"), value)
    }
}

macro_rules! harmless {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, _: $type) -> Walked {
            Ok(())
        }
    )*};
}

impl<'a> Serializer for &'a mut Walk {
    type Ok = ();
    type Error = Complaint;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    harmless! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str
    }

    fn serialize_f32(self, value: f32) -> Walked {
        self.number(value.into())
    }

    fn serialize_f64(self, value: f64) -> Walked {
        self.number(value)
    }

    fn serialize_none(self) -> Walked {
        Ok(())
    }

    fn serialize_unit(self) -> Walked {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Walked {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Walked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Walked {
        if name == UnknownValue::NAME { self.unknown() } else { value.serialize(self) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Walked {
        self.enter(format_args!("{variant}"), value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Complaint> {
        Ok(Parts { walk: self, next: 0, key: String::new() })
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Complaint> {
        self.serialize_seq(None)
    }
}

macro_rules! by_position {
    ($($compound:ident $method:ident),*) => {$(
        impl $compound for Parts<'_> {
            type Ok = ();
            type Error = Complaint;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
                self.item(value)
            }

            fn end(self) -> Walked {
                Ok(())
            }
        }
    )*};
}

by_position! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

macro_rules! by_name {
    ($($compound:ident),*) => {$(
        impl $compound for Parts<'_> {
            type Ok = ();
            type Error = Complaint;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Walked {
                self.walk.enter(format_args!("{name}"), value)
            }

            fn end(self) -> Walked {
                Ok(())
            }
        }
    )*};
}

by_name! { SerializeStruct, SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Complaint;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Walked {
        UnknownValue::forget_written();
        self.key = serde_json::to_string(key).map_or_else(|_| "?".into(), |json| json.trim_matches('"').into());
        if UnknownValue::was_written() { self.walk.within(format_args!("{}", self.key), Walk::unknown) } else { Ok(()) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
        let key = std::mem::take(&mut self.key);
        self.walk.enter(format_args!("{key}"), value)
    }

    fn end(self) -> Walked {
        Ok(())
    }
}
