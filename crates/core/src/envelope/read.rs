//! Reading: the envelope and its data in one pass over the bytes.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, Visitor},
};

use super::{Envelope, Metadata, RawMap, explain::explain};
use crate::error::Result;

/// Reads an envelope whose data has the type `D`.
pub(crate) fn read<'de, D: Deserialize<'de>>(json: &'de [u8]) -> Result<(Envelope, D)> {
    serde_json::from_slice::<Wire<D>>(json)
        .map(|wire| (wire.envelope, wire.data))
        .map_err(|cause| explain::<Wire<D>>(json, &cause, "event"))
}

/// Reads the data alone.
pub(crate) fn decode_data<D: DeserializeOwned>(json: &str) -> Result<D> {
    serde_json::from_str(json).map_err(|cause| explain::<D>(json.as_bytes(), &cause, "data"))
}

struct Wire<D> {
    envelope: Envelope,
    data: D,
}

enum Field<'de> {
    Id,
    Type,
    Version,
    Tenant,
    User,
    Timestamp,
    Metadata,
    Data,
    Other(std::borrow::Cow<'de, str>),
}

struct FieldSeed;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Field<'de>, E> {
        Ok(known(name).unwrap_or(Field::Other(name.into())))
    }

    fn visit_str<E>(self, name: &str) -> Result<Field<'de>, E> {
        Ok(known(name).unwrap_or_else(|| Field::Other(name.to_owned().into())))
    }
}

fn known(name: &str) -> Option<Field<'static>> {
    Some(match name {
        "id" => Field::Id,
        "type" => Field::Type,
        "version" => Field::Version,
        "tenantId" => Field::Tenant,
        "userId" => Field::User,
        "timestamp" => Field::Timestamp,
        "metadata" => Field::Metadata,
        "data" => Field::Data,
        _ => return None,
    })
}

impl<'de, D: Deserialize<'de>> Deserialize<'de> for Wire<D> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        struct Fields<D>(std::marker::PhantomData<D>);

        impl<'de, D: Deserialize<'de>> Visitor<'de> for Fields<D> {
            type Value = Wire<D>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event: an object with `id`, `type`, `tenantId`, `timestamp` and `data`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire<D>, A::Error> {
                let (mut id, mut event_type, mut tenant, mut timestamp, mut data) = (None, None, None, None, None);
                let (mut version, mut user, mut metadata) = (None, None, None);
                let mut extensions = Vec::new();
                while let Some(field) = map.next_key_seed(FieldSeed)? {
                    match field {
                        Field::Id => id = Some(map.next_value()?),
                        Field::Type => event_type = Some(map.next_value()?),
                        Field::Version => version = map.next_value()?,
                        Field::Tenant => tenant = Some(map.next_value()?),
                        Field::User => user = map.next_value()?,
                        Field::Timestamp => timestamp = Some(map.next_value()?),
                        Field::Metadata => metadata = map.next_value::<Option<RawMap>>()?,
                        Field::Data => data = Some(map.next_value()?),
                        Field::Other(name) => extensions.push((name.into_owned(), map.next_value()?)),
                    }
                }
                let envelope = Envelope {
                    id: id.ok_or_else(|| A::Error::missing_field("id"))?,
                    event_type: event_type.ok_or_else(|| A::Error::missing_field("type"))?,
                    version: version.unwrap_or_default(),
                    tenant: tenant.ok_or_else(|| A::Error::missing_field("tenantId"))?,
                    user,
                    timestamp: timestamp.ok_or_else(|| A::Error::missing_field("timestamp"))?,
                    metadata: Metadata(metadata.unwrap_or_default()),
                    extensions: RawMap::from_pairs(extensions),
                };
                Ok(Wire { envelope, data: data.ok_or_else(|| A::Error::missing_field("data"))? })
            }
        }

        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}
