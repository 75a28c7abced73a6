//! What the derive expands to. Not public API: it changes without notice, in any version.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

use crate::{envelope::Envelope, event::Event};

pub use crate::error::Result;
pub use schemars::Schema;

/// An event in its wire form; the users' modules may call other things `Vec`.
pub type Json = Vec<u8>;

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

/// What a parameter of a generic event is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand in an event: it does not implement all of `Serialize`, `DeserializeOwned`, `JsonSchema`, `Send` and `Sync`",
    label = "add `Serialize`, `Deserialize` and `JsonSchema` to the derives of `{Self}`"
)]
pub trait Data: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static> Data for T {}
