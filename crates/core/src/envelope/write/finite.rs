//! Looks for a NaN or an infinity in what is to be written, and names the place.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::error::{Error, ErrorKind, Result, shown};

pub(super) fn check<T: Serialize + ?Sized>(value: &T) -> Result<()> {
    let mut walk = Walk { path: String::new() };
    value.serialize(&mut walk).map_err(|Found(found)| {
        let message = format!(
            "`{}` is {found}, which JSON can't hold: publish a finite number or leave it out",
            shown(&walk.path)
        );
        Error::new(ErrorKind::Unencodable, message)
    })
}

struct Walk {
    path: String,
}

/// What was found: a number, or the complaint of a type's own `Serialize`.
#[derive(Debug)]
struct Found(String);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Found {}

impl serde::ser::Error for Found {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Walked = Result<(), Found>;

impl Walk {
    fn number(&self, value: f64) -> Walked {
        if value.is_finite() { Ok(()) } else { Err(Found(value.to_string())) }
    }

    /// The path is left as it is where something was found.
    fn enter<T: Serialize + ?Sized>(&mut self, segment: fmt::Arguments<'_>, value: &T) -> Walked {
        let before = self.path.len();
        if !self.path.is_empty() && !segment.to_string().starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(&segment.to_string());
        value.serialize(&mut *self)?;
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
    type Error = Found;
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

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Walked {
        value.serialize(self)
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

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Found> {
        Ok(Parts { walk: self, next: 0, key: String::new() })
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Parts<'a>, Found> {
        self.serialize_seq(None)
    }
}

macro_rules! by_position {
    ($($compound:ident $method:ident),*) => {$(
        impl $compound for Parts<'_> {
            type Ok = ();
            type Error = Found;

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
            type Error = Found;

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
    type Error = Found;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Walked {
        self.key = serde_json::to_string(key).map_or_else(|_| "?".into(), |json| json.trim_matches('"').into());
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
        let key = std::mem::take(&mut self.key);
        self.walk.enter(format_args!("{key}"), value)
    }

    fn end(self) -> Walked {
        Ok(())
    }
}
