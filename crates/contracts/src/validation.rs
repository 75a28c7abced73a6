//! Data held to the schema of its type.

use std::collections::HashMap;

use jsonschema::{Draft, ValidationError, Validator};
use tekup_core::{Error, ErrorKind, EventType, RawEvent, Result, SchemaVersion, Schemas};

use crate::{Contract, Registry, strict};

/// The schemas of a registry, ready to look at events.
///
/// Give it to a bus, and untyped events are held to them: see [`EventBus::use_schemas`](tekup_core::EventBus::use_schemas).
///
/// ```
/// use tekup_contracts::{Registry, Validation};
/// use tekup_core::{ErrorKind, EventBus, RawEvent};
/// use tekup_events_crm as crm;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
/// let bus = EventBus::in_memory("import")?;
/// bus.use_schemas(Validation::of(&registry)?)?;
///
/// let lead = RawEvent::parse(
///     r#"{"id": "018f6c9a-0000-7000-8000-000000000016", "type": "lead.created", "version": "1.0.0",
///     "tenantId": "acme", "timestamp": "2025-09-14T10:15:30.123Z", "data": {"leadId": "", "score": "high"}}"#,
/// )?;
/// let error = bus.publish(lead).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert_eq!(error.problems().len(), 3);
/// assert!(error.problems().contains(&"`data.score` breaks `type`: value is not of type \"number\"".to_owned()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Validation(HashMap<(EventType, u64), Validator>);

/// The most mistakes of one event that are told.
const MOST: usize = 20;

impl Validation {
    /// The newest version of each major of each event.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every schema that is none, or that refers to something outside of itself: nothing
    /// is ever fetched.
    ///
    /// See [`Validation`] for an example.
    pub fn of(registry: &Registry) -> Result<Self> {
        let (mut validators, mut mistakes) = (HashMap::new(), Vec::new());
        for contract in registry.contracts() {
            match validator(contract) {
                // In ascending order, so the newest of a major stays.
                Ok(validator) => {
                    _ = validators.insert((contract.event_type.clone(), contract.version.major()), validator)
                }
                Err(error) => mistakes
                    .push(format!("the schema of `{}` {} is none: {error}", contract.event_type, contract.version)),
            }
        }
        if mistakes.is_empty() {
            Ok(Self(validators))
        } else {
            Err(Error::from_problems(ErrorKind::InvalidInput, mistakes))
        }
    }

    /// Whether an event's type is known at the major of its version, so that [`check`](Schemas::check) says something.
    ///
    /// ```
    /// # use tekup_contracts::{Registry, Validation};
    /// # use tekup_events_crm as crm;
    /// use tekup_core::SchemaVersion;
    ///
    /// let validation = Validation::of(&Registry::of([("crm", crm::descriptors().to_vec())])?)?;
    /// assert!(validation.knows(&"lead.created".parse()?, &SchemaVersion::new(1, 3, 0)));
    /// assert!(!validation.knows(&"lead.created".parse()?, &SchemaVersion::new(2, 0, 0)));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn knows(&self, event_type: &EventType, version: &SchemaVersion) -> bool {
        self.0.contains_key(&(event_type.clone(), version.major()))
    }
}

impl Schemas for Validation {
    fn check(&self, event: &RawEvent) -> Result<()> {
        let envelope = event.envelope();
        let Some(validator) = self.0.get(&(envelope.event_type.clone(), envelope.version.major())) else {
            return Ok(());
        };
        let written = strict::read(event.bytes()).map_err(|told| {
            Error::new(ErrorKind::Invalid, format!("event {} is no sound JSON: {told}", envelope.id))
        })?;
        let mistakes: Vec<String> =
            validator.iter_errors(&written["data"]).take(MOST).map(|error| told(&error)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(Error::from_problems(ErrorKind::Invalid, mistakes)) }
    }
}

fn validator(contract: &Contract) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).offline().build(&contract.reads)
}

/// The place and the rule, and nothing of the data: an error ends in logs.
fn told(error: &ValidationError<'_>) -> String {
    let rule = error.schema_path().as_str().rsplit('/').next().unwrap_or_default().to_owned();
    format!("`{}` breaks `{rule}`: {}", place(error.instance_path().as_str()), error.masked())
}

/// `/parts/0/weight` as `data.parts[0].weight`.
fn place(pointer: &str) -> String {
    let mut place = String::from("data");
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        place.push_str(&if is_index { format!("[{name}]") } else { format!(".{}", name.escape_debug()) });
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_as_a_path() {
        assert_eq!(place(""), "data");
        assert_eq!(place("/parts/0/weight"), "data.parts[0].weight");
        assert_eq!(place("/a~1b/~0"), "data.a/b.~");
    }
}
