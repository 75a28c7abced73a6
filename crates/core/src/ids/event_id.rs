use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::ascending;
use crate::error::{Error, ErrorKind, Result, shown};

/// The identity of an event: a UUID, unique within its tenant.
///
/// New ids are UUIDv7, so they sort by time; those of one process ascend, also where its clock is set back. Any other
/// UUID but the nil one is taken.
///
/// ```
/// use tekup_core::EventId;
///
/// let id = EventId::generate();
/// assert_eq!(id, id.to_string().parse()?);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Uuid);

impl EventId {
    /// A new id that no other event has.
    ///
    /// ```
    /// use tekup_core::EventId;
    /// assert_ne!(EventId::generate(), EventId::generate());
    /// ```
    #[must_use]
    pub fn generate() -> Self {
        Self(ascending::uuid())
    }

    /// Takes over an id that exists.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for the nil UUID, which many libraries use for "none".
    ///
    /// ```
    /// use tekup_core::EventId;
    /// use uuid::Uuid;
    ///
    /// assert!(EventId::from_uuid(Uuid::from_u128(0x9b2d6f9e_1c57_4b8a_8f0e_2f4d3c6b7a22)).is_ok());
    /// assert!(EventId::from_uuid(Uuid::nil()).is_err());
    /// ```
    pub fn from_uuid(uuid: Uuid) -> Result<Self> {
        if uuid.is_nil() {
            return Err(Error::new(ErrorKind::InvalidInput, "event id is the nil UUID: use a real one, best a UUIDv7"));
        }
        Ok(Self(uuid))
    }

    /// The UUID.
    ///
    /// ```
    /// use tekup_core::EventId;
    /// assert_eq!(EventId::generate().as_uuid().get_version_num(), 7);
    /// ```
    #[must_use]
    pub fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// The time in a UUIDv7, in milliseconds since 1970; `None` for other UUIDs.
    ///
    /// ```
    /// use tekup_core::EventId;
    /// let id: EventId = "018f6c9a-0000-7000-8000-000000000016".parse()?;
    /// assert_eq!(id.unix_millis(), Some(0x018f_6c9a_0000));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn unix_millis(&self) -> Option<u64> {
        (self.0.get_version_num() == 7).then(|| (self.0.as_u128() >> 80) as u64)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let uuid = Uuid::try_parse(text).map_err(|cause| {
            let message =
                format!("event id `{}` is no UUID: write one like 018f6c9a-0000-7000-8000-000000000016", shown(text));
            Error::new(ErrorKind::InvalidInput, message).with_source(cause)
        })?;
        Self::from_uuid(uuid)
    }
}

impl TryFrom<&str> for EventId {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl From<&EventId> for EventId {
    fn from(id: &EventId) -> Self {
        *id
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_no_uuid_is_refused_by_name() {
        for text in ["", "tenant-1", "018f6c9a-0000-7000-8000-00000000001", "*"] {
            let message = text.parse::<EventId>().unwrap_err().to_string();
            assert!(message.contains("is no UUID"), "{message}");
        }
    }

    #[test]
    fn a_version_4_uuid_is_taken_and_has_no_time() {
        let id: EventId = "9b2d6f9e-1c57-4b8a-8f0e-2f4d3c6b7a22".parse().unwrap();
        assert_eq!(id.unix_millis(), None);
    }
}
