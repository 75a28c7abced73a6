//! Data held to the schema of its type.

mod held;
mod mistake;
mod whole;

use std::collections::{HashMap, HashSet};

use tekup_core::{Error, ErrorKind, EventType, RawEvent, Result, SchemaVersion, Schemas};

use self::held::Held;
use crate::{Registry, strict};

/// The schemas of a registry, ready to look at events.
///
/// Give it to a bus, and untyped events are held to them, and recorded where a version of their type says
/// `#[event(audit)]`: see [`EventBus::use_schemas`](tekup_core::EventBus::use_schemas).
///
/// It takes what typed readers take:
///
/// - Of an event that is newer than the newest version of its major here, a closed set that keeps unknown values
///   ([`UnknownValue`](tekup_core::UnknownValue)) may hold a text that is not listed. Versions that are known may not.
/// - A whole number is written as one, and fits its type: JSON Schema also takes `1200.0` and `1e3` for whole, serde
///   does not. Only of types of 128 bits, numbers that 64 bits don't hold are let through in either form.
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
pub struct Validation {
    held: HashMap<(EventType, u64), Held>,
    audited: HashSet<EventType>,
}

/// The most mistakes of one event that an error tells.
const TOLD: usize = 20;

/// The most mistakes of one event that are counted.
const COUNTED: usize = 1_000;

impl Validation {
    /// The newest version of each major of each event.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every schema that is none, or that refers to something outside of itself: nothing
    /// is ever fetched.
    ///
    /// See [`Validation`] for an example.
    pub fn of(registry: &Registry) -> Result<Self> {
        let (mut held, mut mistakes) = (HashMap::new(), Vec::new());
        for contract in registry.contracts() {
            match Held::to(contract) {
                // In ascending order, so the newest of a major stays.
                Ok(one) => _ = held.insert((contract.event_type.clone(), contract.version.major()), one),
                Err(error) => mistakes
                    .push(format!("the schema of `{}` {} is none: {error}", contract.event_type, contract.version)),
            }
        }
        if !mistakes.is_empty() {
            return Err(Error::from_problems(ErrorKind::InvalidInput, mistakes));
        }
        let audited = registry.contracts().filter(|contract| contract.audit);
        Ok(Self { held, audited: audited.map(|contract| contract.event_type.clone()).collect() })
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
        self.held.contains_key(&(event_type.clone(), version.major()))
    }

    /// Every mistake of an event, at most 1,000 of them and then a line that says that there are more. None if the event is
    /// sound, or not [known](Self::knows).
    ///
    /// ```
    /// # use tekup_contracts::{Registry, Validation};
    /// # use tekup_core::RawEvent;
    /// # use tekup_events_crm as crm;
    /// let validation = Validation::of(&Registry::of([("crm", crm::descriptors().to_vec())])?)?;
    /// let lead = RawEvent::parse(
    ///     r#"{"id": "018f6c9a-0000-7000-8000-000000000016", "type": "lead.created", "version": "1.0.0",
    ///     "tenantId": "acme", "timestamp": "2025-09-14T10:15:30.123Z", "data": {"leadId": "lead-1", "score": 1e999}}"#,
    /// )?;
    /// assert!(validation.problems(&lead)[0].contains("`data.score`: number out of range"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn problems(&self, event: &RawEvent) -> Vec<String> {
        self.told(event, COUNTED)
    }

    fn told(&self, event: &RawEvent, most: usize) -> Vec<String> {
        let envelope = event.envelope();
        let Some(held) = self.held.get(&(envelope.event_type.clone(), envelope.version.major())) else {
            return Vec::new();
        };
        let written = match strict::read(event.bytes()) {
            Ok(written) => written,
            Err(told) => return vec![format!("event {} is no sound JSON: {told}", envelope.id)],
        };
        let data = &written["data"];
        let mut errors = held.validator(&envelope.version).iter_errors(data);
        let mut mistakes: Vec<String> = errors.by_ref().take(most).map(|error| mistake::told(&error, data)).collect();
        mistakes.extend(more(errors.take(COUNTED - most + 1).count(), COUNTED - most));
        mistakes
    }
}

/// What is said of mistakes that are not told, of which so many were counted.
fn more(count: usize, most: usize) -> Option<String> {
    match count {
        0 => None,
        count if count <= most => Some(format!("and {count} more")),
        _ if most == 0 => Some("and more: mend these first".into()),
        _ => Some(format!("and more than {most} more")),
    }
}

impl Schemas for Validation {
    fn check(&self, event: &RawEvent) -> Result<()> {
        let mistakes = self.told(event, TOLD);
        if mistakes.is_empty() { Ok(()) } else { Err(Error::from_problems(ErrorKind::Invalid, mistakes)) }
    }

    fn audits(&self, event_type: &EventType) -> bool {
        self.audited.contains(event_type)
    }
}
