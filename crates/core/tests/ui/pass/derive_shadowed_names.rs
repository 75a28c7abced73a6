//! What the derive writes does not stand on what the module calls things.

#![deny(warnings)]

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Vec;
    pub struct Event;
    pub struct Envelope;
    pub struct Priority;
    pub struct Schema;
    pub struct Error;
    pub struct str;
    pub struct u8;
    pub trait TekupEvent {}
    pub trait Send {}
    pub trait Sync {}
    pub trait Serialize {}
    pub trait Writable {}
    pub mod core {}
    pub mod std {}
    pub mod tekup_core {}
    pub mod __private {}
}

mod events {
    #[allow(unused_imports)]
    use super::shadowed::*;

    #[derive(::tekup_core::TekupEvent)]
    #[event(type = "lead.created")]
    pub struct LeadCreated;

    #[derive(::tekup_core::TekupEvent)]
    #[event(type = "lead.changed")]
    pub struct LeadChanged<Vec>(pub Vec);
}

/// By hand, for the other derives make no such promise.
mod serde_by_hand {
    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::borrow::Cow;

    use super::events::{LeadChanged, LeadCreated};

    impl Serialize for LeadCreated {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            ().serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for LeadCreated {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            <()>::deserialize(deserializer).map(|()| Self)
        }
    }

    impl JsonSchema for LeadCreated {
        fn schema_name() -> Cow<'static, str> {
            "LeadCreated".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            <()>::json_schema(generator)
        }
    }

    impl<T: Serialize> Serialize for LeadChanged<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(serializer)
        }
    }

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for LeadChanged<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            T::deserialize(deserializer).map(Self)
        }
    }

    impl<T: JsonSchema> JsonSchema for LeadChanged<T> {
        fn schema_name() -> Cow<'static, str> {
            "LeadChanged".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            T::json_schema(generator)
        }
    }
}

fn main() {
    use tekup_core::TekupEvent;

    let created = events::LeadCreated.event("acme").build().unwrap().to_raw().unwrap();
    assert!(created.decode::<events::LeadCreated>().is_ok());
    let changed = events::LeadChanged(7).event("acme").build().unwrap().to_raw().unwrap();
    assert_eq!(changed.decode::<events::LeadChanged<i32>>().unwrap().data.0, 7);
}
