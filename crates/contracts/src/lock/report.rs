use std::fmt;

use tekup_core::{EventType, Result, SchemaVersion};

use crate::{Contract, Finding, Registry, shape::Document};

/// What a check has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Readers that break.
    pub findings: Vec<Finding>,
    /// What is otherwise than locked, and breaks nobody unless it says so.
    pub notes: Vec<Note>,
}

/// Something that is otherwise than locked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// This version is not locked yet.
    New(EventType, SchemaVersion),
    /// This version is locked with other data, which [`Lock::update`](crate::Lock::update) does not overwrite.
    Changed(EventType, SchemaVersion),
    /// This version is locked with the same data, and with other descriptions, or another priority, domain or audit.
    Described(EventType, SchemaVersion),
    /// The event is locked, and the program has none of this type: whoever reads it waits for ever. This breaks.
    Gone(EventType),
    /// A newer version than the program's is locked: it was taken back. This breaks.
    TakenBack(EventType, SchemaVersion),
}

impl Report {
    /// Whether the change must not be merged as it is.
    ///
    /// ```
    /// assert!(!tekup_contracts::lock::Report::default().breaks());
    /// ```
    #[must_use]
    pub fn breaks(&self) -> bool {
        !self.findings.is_empty() || self.notes.iter().any(Note::breaks)
    }

    /// Each finding and note for which the lock is not written, as a line.
    pub(super) fn refused(&self, amends: bool) -> Vec<String> {
        let is_refused = |note: &&Note| note.breaks() || !amends && matches!(note, Note::Changed(..));
        let notes = self.notes.iter().filter(is_refused).map(ToString::to_string);
        self.findings.iter().map(ToString::to_string).chain(notes).collect()
    }
}

impl Note {
    /// The event that it is about.
    ///
    /// ```
    /// use tekup_contracts::lock::Note;
    /// assert_eq!(Note::Gone("lead.created".parse()?).event_type().as_str(), "lead.created");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub const fn event_type(&self) -> &EventType {
        match self {
            Self::New(event_type, _)
            | Self::Changed(event_type, _)
            | Self::Described(event_type, _)
            | Self::Gone(event_type)
            | Self::TakenBack(event_type, _) => event_type,
        }
    }

    /// Whether the change must not be merged as it is.
    ///
    /// ```
    /// use tekup_contracts::lock::Note;
    /// assert!(Note::Gone("lead.created".parse()?).breaks());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub const fn breaks(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::TakenBack(..))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(event_type, version) => {
                write!(f, "`{event_type}` {version} is not locked yet: run `schema lock`")
            }
            Self::Changed(event_type, version) => write!(
                f,
                "`{event_type}` {version} has changed since it was locked, and breaks nobody: raise its minor version, or \
                 run `schema lock --amend` if {version} was never deployed"
            ),
            Self::Described(event_type, version) => write!(
                f,
                "`{event_type}` {version} is locked with the same data, and with other descriptions, or another priority, \
                 domain or audit: run `schema lock`"
            ),
            Self::Gone(event_type) => write!(
                f,
                "`{event_type}` is locked, and this program has no such event: bring it back, or delete its folder of the \
                 lock if nobody reads or writes it any more"
            ),
            Self::TakenBack(event_type, version) => write!(
                f,
                "`{event_type}` {version} is locked, and this program has an older one: bring it back, or delete its file of \
                 the lock if it was never deployed"
            ),
        }
    }
}

/// How a contract differs from those that are locked of its event.
pub(super) fn note<'a>(mut locked: impl Iterator<Item = &'a Contract>, contract: &Contract) -> Result<Option<Note>> {
    let of = |note: fn(EventType, SchemaVersion) -> Note| note(contract.event_type.clone(), contract.version.clone());
    let Some(same) = locked.find(|locked| locked.version == contract.version) else { return Ok(Some(of(Note::New))) };
    if same.fingerprint() == contract.fingerprint() {
        return Ok(None);
    }
    Ok(Some(of(if is_of_same_data(same, contract)? { Note::Described } else { Note::Changed })))
}

/// Whether the same is written and read, however it is described.
fn is_of_same_data(a: &Contract, b: &Contract) -> Result<bool> {
    let reads_the_same = Document::read(&a.reads)? == Document::read(&b.reads)?;
    Ok(reads_the_same && Document::read(&a.writes)? == Document::read(&b.writes)?)
}

/// Whether the program has lost what is locked.
pub(super) fn gone(locked: &Contract, registry: &Registry) -> Option<Note> {
    let event_type = locked.event_type.clone();
    match registry.versions_of(event_type.as_str()).last() {
        None => Some(Note::Gone(event_type)),
        Some(newest) if newest.version < locked.version => Some(Note::TakenBack(event_type, locked.version.clone())),
        Some(_) => None,
    }
}
