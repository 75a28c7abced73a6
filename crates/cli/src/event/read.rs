//! Events of a file, each with its place.

use std::{
    fmt,
    fs::File,
    io::{Read, stdin},
    path::Path,
};

use anyhow::{Context, ensure};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

/// One event as it is written, and where.
pub(super) struct Found<'a> {
    pub(super) place: String,
    pub(super) json: &'a str,
}

pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    let reader: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("`{}` can't be read", path.display()))?)
    };
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("`{}` can't be read", path.display()))?;
    ensure!(bytes.len() as u64 <= LARGEST, "`{}` has more than 256 MiB: split it", path.display());
    String::from_utf8(bytes).with_context(|| format!("`{}` is no UTF-8", path.display()))
}

/// One event, a list, an object of events by name, or one a line. What is no JSON is taken as lines, so that each that is
/// broken is told by its own.
pub(super) fn events(text: &str) -> Vec<Found<'_>> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        let each = list.into_iter().enumerate();
        return each.map(|(at, json)| Found { place: format!("[{at}]"), json: json.get() }).collect();
    }
    if let Ok(Named(events)) = serde_json::from_str(text) {
        let holds_events = !events.is_empty() && events.iter().all(|event| event.json.starts_with('{'));
        let one = || vec![Found { place: "the event".into(), json: text.trim() }];
        return if holds_events { events } else { one() };
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| Found { place: format!("line {}", at + 1), json: line.trim() }).collect()
}

/// What an object holds, in its order: also all of those that have one name.
struct Named<'a>(Vec<Found<'a>>);

impl<'de> Deserialize<'de> for Named<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Named<'de>, A::Error> {
                let mut found = Vec::new();
                while let Some((name, json)) = entries.next_entry::<String, &RawValue>()? {
                    found.push(Found { place: shown(&name), json: json.get() });
                }
                Ok(Named(found))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A name as a terminal may show it: escaped, and cut after 64 characters.
fn shown(name: &str) -> String {
    let mut out: String = name.chars().take(64).flat_map(char::escape_debug).collect();
    if name.chars().nth(64).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_file_is_seen_from_what_it_holds() {
        let event = r#"{"id":"1","data":{"a":9007199254740993}}"#;
        let (long, cut) = ("x".repeat(100_000), format!("{}…", "x".repeat(64)));
        let table = [
            (event.to_owned(), vec!["the event"]),
            (format!("\n{event}\n"), vec!["the event"]),
            (format!("[{event}, {event}]"), vec!["[0]", "[1]"]),
            (format!(r#"{{"b": {event}, "a": {event}, "b": {event}}}"#), vec!["b", "a", "b"]),
            (format!(r#"{{"\u001b[2J": {event}}}"#), vec!["\\u{1b}[2J"]),
            (format!(r#"{{"{long}": {event}}}"#), vec![cut.as_str()]),
            (format!("{event}\n\n{event}\n"), vec!["line 1", "line 3"]),
            (format!("{event}\n{{\n{event}"), vec!["line 1", "line 2", "line 3"]),
            ("[]".into(), vec![]),
            (String::new(), vec![]),
            ("{}".into(), vec!["the event"]),
        ];
        for (text, places) in table {
            let found = events(&text);
            assert_eq!(found.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(), places, "{text}");
        }
    }

    #[test]
    fn an_event_is_kept_as_it_is_written() {
        let event = r#"{"id":"1","data":{"a":9007199254740993,"b":1.10}}"#;
        assert_eq!(events(&format!("[{event}]"))[0].json, event);
    }
}
