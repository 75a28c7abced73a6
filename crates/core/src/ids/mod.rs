//! Names and ids: parsed once, never checked later.
//!
//! A value of one of these types is proof that its text keeps the type's rule, so it can stand in a key, a lane or a
//! log line without another look.

mod ascending;
mod event_id;
mod event_type;
mod into_patterns;
mod pattern;
mod pattern_builder;
mod schema_version;
mod text;

pub use event_id::EventId;
pub use event_type::EventType;
pub use into_patterns::IntoPatterns;
pub use pattern::Pattern;
pub use pattern_builder::PatternBuilder;
pub use schema_version::SchemaVersion;
pub use text::{ServiceName, SubscriptionId, SubscriptionName, TenantId, UserId};

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::de::{Deserializer, Visitor};

/// Reads a checked text without copying it first.
pub(crate) fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err = crate::Error>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);

    impl<T: FromStr<Err = crate::Error>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}
