use std::fmt;

use tekup_core::{EventType, SchemaVersion};

/// A reader that a change breaks.
///
/// Displays as one line: who reads what, where it fails, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The event.
    pub event_type: EventType,
    /// The version whose readers fail.
    pub reader: SchemaVersion,
    /// The version that they can't read.
    pub writer: SchemaVersion,
    /// The field, such as `data.factors[].confidence`.
    pub field: String,
    /// What the reader asks for, and what is written.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event_type, reader, writer, field, why } = self;
        write!(f, "`{event_type}`: a reader of {reader} can't read {writer} at `{field}`: {why}")
    }
}
