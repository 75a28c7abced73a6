use serde::{Serialize, de::DeserializeOwned};

use super::{RawMap, same_json::same};
use crate::{
    error::{Error, ErrorKind, Result, shown},
    ids::EventId,
};

const CORRELATION: &str = "correlationId";
const CAUSE: &str = "parentEventId";

/// Correlation, batch and the publisher's own fields: names and JSON values, in their order.
///
/// Values are kept as they were written, so what this crate does not know survives a round trip exactly.
///
/// ```
/// use tekup_core::Metadata;
///
/// let mut metadata = Metadata::default();
/// metadata.insert("campaign", "spring")?;
/// assert_eq!(metadata.get::<String>("campaign")?.as_deref(), Some("spring"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(pub(crate) RawMap);

impl Metadata {
    /// Adds a field, or replaces it.
    ///
    /// # Errors
    /// [`ErrorKind::Unencodable`] if the value can't be written as JSON.
    ///
    /// ```
    /// let mut metadata = tekup_core::Metadata::default();
    /// metadata.insert("attempt", 2)?;
    /// assert!(metadata.insert("ratio", f64::NAN).is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn insert(&mut self, name: impl Into<String>, value: impl Serialize) -> Result<()> {
        let name = name.into();
        let json = super::to_json(&value).map_err(|error| {
            let message = format!("metadata field `{}`: {error}", shown(&name));
            Error::new(ErrorKind::Unencodable, message)
        })?;
        let raw = serde_json::value::RawValue::from_string(json).map_err(|cause| {
            Error::new(ErrorKind::Unencodable, format!("metadata field `{}` is no JSON", shown(&name)))
                .with_source(cause)
        })?;
        self.0.insert(name, raw);
        Ok(())
    }

    /// Reads a field; `None` where it is absent, or null.
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`] if the field has another type.
    ///
    /// ```
    /// let mut metadata = tekup_core::Metadata::default();
    /// metadata.insert("batchSize", 3)?;
    /// assert_eq!(metadata.get::<u32>("batchSize")?, Some(3));
    /// assert_eq!(metadata.get::<u32>("absent")?, None);
    /// assert!(metadata.get::<bool>("batchSize").is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(raw) = self.0.get(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map_err(|cause| {
            let told = super::explain::without_data(&cause);
            let message = format!("metadata field `{}` is not what was asked for: {told}", shown(name));
            Error::new(ErrorKind::Undecodable, message)
        })
    }

    /// The names of all fields, in their order.
    ///
    /// ```
    /// let mut metadata = tekup_core::Metadata::default();
    /// metadata.insert("source", "csv")?;
    /// assert_eq!(metadata.names().collect::<Vec<_>>(), ["source"]);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Whether there is no field.
    ///
    /// ```
    /// assert!(tekup_core::Metadata::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds all fields of another, or replaces those of the same name.
    pub(crate) fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|(name, value)| self.0.insert(name.into(), value.to_owned()));
    }

    /// Whether all fields of another are here too, with equal values.
    pub(crate) fn has_all_of(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|(name, value)| self.0.get(name).is_some_and(|own| same(own, value)))
    }

    /// `correlationId`, if it is there as a string that says something.
    pub(crate) fn correlation_id(&self) -> Option<String> {
        self.get(CORRELATION).ok().flatten().filter(|id: &String| !id.is_empty())
    }

    /// `parentEventId`, if it is there as an event id.
    pub(crate) fn cause(&self) -> Option<EventId> {
        self.get(CAUSE).ok().flatten()
    }

    /// Puts the event into a chain, behind its cause if it has one.
    pub(crate) fn link(&mut self, correlation: &str, cause: Option<EventId>) -> Result<()> {
        self.insert(CORRELATION, correlation)?;
        cause.map_or(Ok(()), |cause| self.insert(CAUSE, cause))
    }
}
