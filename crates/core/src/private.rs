//! What the derive expands to. Nothing here is for people: it changes without notice.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

pub use crate::{
    envelope::Envelope,
    error::Result,
    event::{Event, TekupEvent},
    priority::Priority,
};
pub use schemars::Schema as __Schema;

/// What a `Serialize` type is.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be written: it does not implement `Serialize`",
    label = "add `Serialize` to its derives"
)]
pub trait Writable {
    fn write(&self, envelope: &Envelope) -> Result<Vec<u8>>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Writable for T {
    fn write(&self, envelope: &Envelope) -> Result<Vec<u8>> {
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

/// What a `JsonSchema` type is.
#[diagnostic::on_unimplemented(
    message = "event `{Self}` can't be described: it does not implement `JsonSchema`",
    label = "add `JsonSchema` to its derives"
)]
pub trait Describable {
    fn schema() -> Schema;
}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> Describable for T {
    fn schema() -> Schema {
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
    }
}
