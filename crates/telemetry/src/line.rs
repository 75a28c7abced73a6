//! What a line says, and how it is written.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tekup_core::{Timestamp, text::steers};
use tracing::{
    Metadata,
    field::{Field, Visit},
};

use crate::{
    format::Format,
    subject::{Subject, said, shown},
};

/// Names and values, in their order.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Adds a field, or replaces it.
    pub(crate) fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }

    /// Adds those of a span around, unless something nearer said so already.
    pub(crate) fn surround(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if self.get(name).is_none() {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn into_json(self) -> Map<String, Value> {
        self.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }
}

/// One line of the log.
pub(crate) struct Line<'a> {
    pub(crate) at: Timestamp,
    pub(crate) metadata: &'a Metadata<'a>,
    pub(crate) subject: Subject,
    /// All else, with the message.
    pub(crate) fields: Fields,
}

impl Line<'_> {
    /// As it is written: one line with its end, and no control character before that.
    pub(crate) fn written(self, format: Format) -> String {
        let line = match format {
            Format::Text => self.text(),
            Format::Json => self.json(),
        };
        let mut written = String::with_capacity(line.len() + 1);
        line.chars().for_each(|part| push_escaped(&mut written, part));
        written.push('\n');
        written
    }

    fn text(mut self) -> String {
        let message = self.fields.take("message");
        let message = message.as_ref().and_then(Value::as_str).unwrap_or_default();
        let mut line = format!("{} {:>5} {}:", self.at, self.metadata.level(), self.metadata.target());
        if !message.is_empty() {
            line.push(' ');
            line.push_str(&said(message));
        }
        for (name, value) in self.fields.0.iter().chain(&self.subject.0.0) {
            // Writing into a string does not fail.
            let _written = write!(line, " {name}={}", shown(value));
        }
        line
    }

    fn json(mut self) -> String {
        let message = self.fields.take("message").unwrap_or_default();
        let mut line = Map::new();
        line.insert("timestamp".into(), self.at.to_string().into());
        line.insert("level".into(), self.metadata.level().as_str().into());
        line.insert("target".into(), self.metadata.target().into());
        line.insert("message".into(), message);
        line.extend(self.subject.0.into_json());
        line.insert("fields".into(), self.fields.into_json().into());
        Value::from(line).to_string()
    }
}

/// The same, where a reader of lines or a terminal would take it for more than text. JSON has it within strings only, where
/// this means the same.
fn push_escaped(written: &mut String, part: char) {
    match part {
        '\n' => written.push_str("\\n"),
        '\r' => written.push_str("\\r"),
        '\t' => written.push_str("\\t"),
        _ if steers(part) => {
            // As JSON has it: in units of UTF-16.
            for unit in part.encode_utf16(&mut [0; 2]) {
                let _written = write!(written, "\\u{unit:04x}");
            }
        }
        _ => written.push(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_or_a_reader_of_lines_heeds_is_written() {
        for part in ('\0'..=char::MAX).filter(|part| steers(*part)) {
            let mut written = String::new();
            push_escaped(&mut written, part);
            assert!(written.starts_with('\\') && written.bytes().all(|byte| byte.is_ascii_graphic()), "{written}");
            let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            assert_eq!(read, part.to_string());
        }
    }

    #[test]
    fn a_message_is_quoted_where_it_could_be_taken_for_fields_or_for_more_than_one_line() {
        for (message, expected) in [
            ("scored a lead", "scored a lead"),
            ("it's 75 % of `max`", "it's 75 % of `max`"),
            ("scored tenant=evil", "\"scored tenant=evil\""),
            ("scored\nERROR all is lost", "\"scored\\nERROR all is lost\""),
            ("C:\\new", "\"C:\\\\new\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ] {
            assert_eq!(said(message), expected);
        }
    }

    #[test]
    fn a_value_is_quoted_where_it_could_be_taken_for_something_else() {
        for (value, expected) in [
            (Value::from("acme"), "acme"),
            (Value::from("crm/scoring"), "crm/scoring"),
            (Value::from(7), "7"),
            (Value::from(true), "true"),
            (Value::from(""), "\"\""),
            (Value::from("two words"), "\"two words\""),
            (Value::from("x tenant=evil"), "\"x tenant=evil\""),
            (Value::from("say \"hi\""), "\"say \\\"hi\\\"\""),
            (Value::from("a\nb"), "\"a\\nb\""),
            (Value::from("\u{9b}2J"), "\"\u{9b}2J\""),
        ] {
            assert_eq!(shown(&value), expected);
        }
    }
}
