use std::borrow::Cow;

use serde_json::Value;
use tekup_core::text::steers;
use tracing::Metadata;

use crate::line::Fields;

/// The module of the bus whose spans name events.
pub(crate) const SPANS: &str = "tekup_core::spans";

/// The names of ids in spans, as the messaging conventions have them, and in lines, as the bus logs them.
const NAMES: [(&str, &str); 7] = [
    ("messaging.message.id", "event.id"),
    ("messaging.destination.name", "event.type"),
    ("tekup.tenant", "tenant"),
    ("messaging.message.conversation_id", "correlation"),
    ("messaging.consumer.group.name", "subscription"),
    ("tekup.attempt", "attempt"),
    ("messaging.batch.message_count", "events"),
];

/// Which event a line is about.
#[derive(Debug, Default)]
pub(crate) struct Subject(pub(crate) Fields);

impl Subject {
    /// That of a span of the bus.
    pub(crate) fn of_span(fields: &Fields) -> Self {
        let mut subject = Fields::default();
        for (theirs, ours) in NAMES {
            if let Some(value) = fields.get(theirs) {
                subject.put(ours, value.clone());
            }
        }
        Self(subject)
    }

    /// What the bus says within the line itself: it is taken out of the line's own fields, and wins.
    pub(crate) fn take_from(&mut self, fields: &mut Fields) {
        for (_, name) in NAMES {
            if let Some(value) = fields.take(name) {
                self.0.put(name, value);
            }
        }
    }
}

/// Whether the bus itself says it. Others may have fields of the same names, which are theirs.
pub(crate) fn is_of_the_bus(metadata: &Metadata<'_>) -> bool {
    ["tekup_core", "tekup_redis_transport"].iter().any(|name| metadata.target().starts_with(name))
}

pub(crate) fn is_span_of_the_bus(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(SPANS)
}

/// A value as it stands in text: in quotes where it could be taken for something else.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if is_word(text) => text.clone(),
        _ => value.to_string(),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|part| is_plain(part) && !part.is_whitespace())
}

/// A message as it stands in text, where fields follow it: what is not in quotes holds no `=`, and nothing that is escaped.
pub(crate) fn said(message: &str) -> Cow<'_, str> {
    if message.chars().all(is_plain) { message.into() } else { Value::from(message).to_string().into() }
}

/// Whether it can't be taken for the end of a value, or for what stands for something else.
fn is_plain(part: char) -> bool {
    !steers(part) && !matches!(part, '"' | '=' | '\\')
}
