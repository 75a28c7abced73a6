use std::collections::BTreeMap;

use tekup_core::{Error, ErrorKind, EventDescriptor, EventType, Result, SchemaVersion};

use crate::{canonical::canonical, contract::Contract};

/// The events that a program knows, filled by hand: what stands in it is what the program says it does.
///
/// ```
/// use tekup_contracts::Registry;
/// use tekup_events_crm as crm;
///
/// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
/// let types: Vec<_> = registry.contracts().map(|contract| contract.event_type.as_str()).collect();
/// assert_eq!(types, ["lead.converted", "lead.created", "lead.scored"]);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry(BTreeMap<(String, SchemaVersion), Contract>);

impl Registry {
    /// The events of some domains. Several versions of one event may be among them.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with every two descriptors that say the same type and version of different data, read or
    /// written, of different priorities, or of which one is recorded and the other is not.
    ///
    /// See [`Registry`] for an example.
    pub fn of<D: Into<String>>(domains: impl IntoIterator<Item = (D, Vec<EventDescriptor>)>) -> Result<Self> {
        let (mut registry, mut mistakes) = (Self::default(), Vec::new());
        for (domain, descriptors) in domains {
            let domain = domain.into();
            for descriptor in descriptors {
                mistakes.extend(registry.add(Contract::of(domain.clone(), &descriptor)));
            }
        }
        if mistakes.is_empty() { Ok(registry) } else { Err(Error::from_problems(ErrorKind::Conflict, mistakes)) }
    }

    /// All events whose derive is compiled into this program, with the feature `auto-register`. Those of a package
    /// `tekup-events-<domain>` are of that domain; others are of the domain that their package is named.
    ///
    /// Fill a registry by hand with [`Registry::of`] where it matters what stands in it, as for a lock: what this one holds
    /// depends on what is compiled and linked, and nothing tells of an event that is missing.
    ///
    /// - A crate that nothing refers to is not linked, and neither are its events, though `Cargo.toml` names it: write
    ///   `use tekup_events_crm as _;`, or use something of it ([rust-lang/rust#47384](https://github.com/rust-lang/rust/issues/47384)).
    /// - Features are one for all: if any crate of the build turns `auto-register` on, every derived event of all crates
    ///   notes itself, also those of tests within the program under test.
    /// - A generic event does not note itself, for it is as many types as it has parameters.
    /// - Events note themselves before `main` runs, in sections of the executable that some targets and linkers don't have:
    ///   on WebAssembly, none may be there.
    ///
    /// # Errors
    /// As [`Registry::of`].
    ///
    /// ```standalone_crate
    /// use tekup_contracts::Registry;
    /// use tekup_events_crm as _;
    ///
    /// let registry = Registry::registered()?;
    /// assert!(registry.contracts().any(|contract| contract.domain == "crm"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[cfg(feature = "auto-register")]
    pub fn registered() -> Result<Self> {
        let domain = |package: &'static str| package.strip_prefix("tekup-events-").unwrap_or(package);
        Self::of(tekup_core::registered().map(|(package, event)| (domain(package), vec![event])))
    }

    fn add(&mut self, contract: Contract) -> Option<String> {
        let key = (contract.event_type.to_string(), contract.version.clone());
        let Some(known) = self.0.get(&key) else {
            self.0.insert(key, contract);
            return None;
        };
        difference(known, &contract).map(|what| {
            format!(
                "`{}` {} is registered twice, with different {what} ({} and {}): give one of them another type or version",
                contract.event_type, contract.version, known.domain, contract.domain
            )
        })
    }

    /// All versions of all events, by type and then version.
    ///
    /// See [`Registry`] for an example.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.0.values()
    }

    /// The newest version of each event, by type.
    ///
    /// ```
    /// # use tekup_contracts::Registry;
    /// # use tekup_events_crm as crm;
    /// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
    /// assert_eq!(registry.newest().count(), 3);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn newest(&self) -> impl Iterator<Item = &Contract> {
        let mut contracts = self.0.values().peekable();
        std::iter::from_fn(move || {
            let mut newest = contracts.next()?;
            while let Some(next) = contracts.next_if(|next| next.event_type == newest.event_type) {
                newest = next;
            }
            Some(newest)
        })
    }

    /// The version that reads an event of another version: the newest of its major.
    ///
    /// ```
    /// # use tekup_contracts::Registry;
    /// # use tekup_events_crm as crm;
    /// use tekup_core::SchemaVersion;
    ///
    /// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
    /// let lead_created = "lead.created".parse()?;
    /// assert!(registry.reader_of(&lead_created, &SchemaVersion::new(1, 9, 0)).is_some());
    /// assert!(registry.reader_of(&lead_created, &SchemaVersion::new(2, 0, 0)).is_none());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn reader_of(&self, event_type: &EventType, version: &SchemaVersion) -> Option<&Contract> {
        let of_major = |version: SchemaVersion| (event_type.to_string(), version);
        let first = of_major(SchemaVersion::new(version.major(), 0, 0));
        let last = of_major(SchemaVersion::new(version.major(), u64::MAX, u64::MAX));
        self.0.range(first..=last).next_back().map(|(_, contract)| contract)
    }

    /// The versions of an event, in ascending order; none if it is unknown.
    ///
    /// ```
    /// # use tekup_contracts::Registry;
    /// # use tekup_events_crm as crm;
    /// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
    /// assert_eq!(registry.versions_of("lead.created").count(), 1);
    /// assert_eq!(registry.versions_of("lead.lost").count(), 0);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn versions_of(&self, event_type: &str) -> impl Iterator<Item = &Contract> {
        let first = (event_type.to_owned(), SchemaVersion::new(0, 0, 0));
        self.0
            .range(first..)
            .map(|(_, contract)| contract)
            .take_while(move |contract| contract.event_type.as_str() == event_type)
    }

    /// Whether the envelopes of a type's events are [recorded](tekup_core::audit), whatever their version: any version of
    /// it says so.
    ///
    /// ```
    /// # use tekup_contracts::Registry;
    /// # use tekup_events_crm as crm;
    /// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
    /// assert!(!registry.audits("lead.created"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn audits(&self, event_type: &str) -> bool {
        self.versions_of(event_type).any(|contract| contract.audit)
    }
}

/// What two contracts of one version promise differently.
fn difference(a: &Contract, b: &Contract) -> Option<&'static str> {
    let is_same = |a, b| canonical(a) == canonical(b);
    if !is_same(&a.reads, &b.reads) {
        return Some("data");
    }
    if !is_same(&a.writes, &b.writes) {
        return Some("data that is written");
    }
    if a.priority != b.priority {
        return Some("priorities");
    }
    (a.audit != b.audit).then_some("audits")
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use tekup_core::TekupEvent;

    use super::*;

    macro_rules! event {
        ($name:ident, $version:literal, $($field:ident: $type:ty),*) => {
            #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
            #[event(type = "lead.created", version = $version)]
            struct $name { $($field: $type),* }
        };
    }

    event!(First, "1.0.0", id: String);
    event!(Second, "1.2.0", id: String, note: Option<String>);
    event!(Other, "2.0.0", key: u64);
    event!(Stranger, "1.2.0", key: u64);

    mod writes_less {
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[event(type = "lead.created", version = "1.2.0")]
        pub(super) struct Second {
            id: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            note: Option<String>,
        }
    }

    mod urgent {
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[event(type = "lead.created", version = "1.2.0", priority = "high")]
        pub(super) struct Second {
            id: String,
            note: Option<String>,
        }
    }

    mod sensitive {
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
        #[event(type = "lead.created", version = "1.2.0", audit)]
        pub(super) struct Second {
            id: String,
            note: Option<String>,
        }
    }

    fn registry() -> Registry {
        let descriptors = vec![Other::descriptor(), First::descriptor(), Second::descriptor(), First::descriptor()];
        Registry::of([("crm", descriptors)]).unwrap()
    }

    #[test]
    fn the_newest_of_a_major_reads_all_of_it() {
        let (registry, lead_created) = (registry(), "lead.created".parse().unwrap());
        let reader = |major, minor| registry.reader_of(&lead_created, &SchemaVersion::new(major, minor, 0));
        let table = [(1, 0, Some("1.2.0")), (1, 9, Some("1.2.0")), (2, 0, Some("2.0.0")), (0, 1, None), (3, 0, None)];
        for (major, minor, version) in table {
            let found = reader(major, minor).map(|contract| contract.version.to_string());
            assert_eq!(found.as_deref(), version, "{major}.{minor}");
        }
        assert_eq!(registry.newest().map(|contract| contract.version.to_string()).collect::<Vec<_>>(), ["2.0.0"]);
        assert_eq!(registry.versions_of("lead.created").count(), 3);
        assert_eq!(registry.versions_of("lead.create").count(), 0);
    }

    #[test]
    fn a_type_is_recorded_if_any_of_its_versions_is() {
        let registry = Registry::of([("crm", vec![First::descriptor(), sensitive::Second::descriptor()])]).unwrap();
        assert!(registry.audits("lead.created") && !registry.audits("lead.create"));
        assert!(!self::registry().audits("lead.created"));
    }

    #[test]
    fn two_descriptors_that_say_the_same_of_different_promises_are_refused_by_name() {
        let table = [
            (Stranger::descriptor(), "different data (crm and sales)"),
            (writes_less::Second::descriptor(), "different data that is written (crm and sales)"),
            (urgent::Second::descriptor(), "different priorities (crm and sales)"),
            (sensitive::Second::descriptor(), "different audits (crm and sales)"),
        ];
        for (other, what) in table {
            let error = Registry::of([("crm", vec![Second::descriptor()]), ("sales", vec![other])]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict);
            let told = error.to_string();
            assert!(told.contains("`lead.created` 1.2.0 is registered twice") && told.contains(what), "{told}");
        }
    }
}
