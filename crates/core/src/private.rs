//! What the derive expands to. Not public API: it changes without notice, in any version.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    envelope::Envelope,
    event::{Event, TekupEvent},
};

pub use crate::{error::Result, ids::SchemaVersion, settings::unknown::ELSEWHERE};
pub use schemars::{Schema, generate::Contract};

#[cfg(feature = "auto-register")]
pub use {crate::event::Registered, inventory::submit};

pub use crate::__register as register;

/// An event in its wire form; the users' modules may call other things `Vec`.
pub type Json = Vec<u8>;

/// Rules that data breaks.
pub type Problems = Vec<String>;

/// Rules that data breaks, as a validator tells them: where, by the names of fields, and what.
pub fn violations<'a, T: TekupEvent>(told: impl Iterator<Item = (&'a dyn Display, &'a dyn Display)>) -> Problems {
    crate::event::violations::<T>(told)
}

/// What a `Serialize` type is.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be written: it does not implement `Serialize`",
    label = "add `Serialize` to its derives"
)]
pub trait Writable {
    fn write(&self, envelope: &Envelope) -> Result<Json>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Writable for T {
    fn write(&self, envelope: &Envelope) -> Result<Json> {
        crate::envelope::write(envelope, self)
    }
}

/// What a `Deserialize` type is.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be read: it does not implement `Deserialize`",
    label = "add `Deserialize` to its derives"
)]
pub trait Readable: Sized {
    fn read(json: &[u8]) -> Result<Event<Self>>;
    fn decode(data: &str) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Readable for T {
    fn read(json: &[u8]) -> Result<Event<Self>> {
        let (envelope, data) = crate::envelope::read(json)?;
        Ok(Event { envelope, data })
    }

    fn decode(data: &str) -> Result<Self> {
        crate::envelope::decode_data(data)
    }
}

/// What becomes an event of a newer version.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be made from its older version `{Old}`",
    label = "write `impl From<{Old}> for {Self}`, or `TryFrom`"
)]
pub trait Upcasts<Old>: Sized {
    fn upcast(version: &SchemaVersion, data: &str) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<Old: TekupEvent, New: TekupEvent + TryFrom<Old, Error: Display>> Upcasts<Old> for New {
    fn upcast(version: &SchemaVersion, data: &str) -> Result<Self> {
        crate::event::upcast::<Old, New>(version, data)
    }
}

/// Whether one struct is an older version of the other's event.
pub const fn is_older<Old: TekupEvent, New: TekupEvent>() -> bool {
    is_same(Old::TYPE.as_bytes(), New::TYPE.as_bytes()) && Old::__MAJOR < New::__MAJOR
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// What a `JsonSchema` type is.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be described: it does not implement `JsonSchema`",
    label = "add `JsonSchema` to its derives"
)]
pub trait Describable {
    fn schema(contract: Contract) -> Schema;
}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> Describable for T {
    fn schema(contract: Contract) -> Schema {
        crate::event::schema_of::<T>(contract)
    }
}

/// What a parameter of a generic event is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand in an event: it does not implement all of `Serialize`, `DeserializeOwned`, `JsonSchema`, `Send` and `Sync`",
    label = "add `Serialize`, `Deserialize` and `JsonSchema` to the derives of `{Self}`"
)]
pub trait Data: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static> Data for T {}

/// Notes an event of the crate that derives it.
#[cfg(feature = "auto-register")]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($($field:ident: $value:expr,)*) => {
        $crate::__private::submit! {
            $crate::__private::Registered { package: ::core::env!("CARGO_PKG_NAME"), $($field: $value,)* }
        }
    };
}

/// Notes nothing: that is a feature of its own.
#[cfg(not(feature = "auto-register"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($($field:ident: $value:expr,)*) => {};
}
