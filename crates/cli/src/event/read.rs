//! Events of a file, each with its place.

use std::{
    fmt,
    fs::File,
    io::{Read, stdin},
    iter::once,
    path::Path,
};

use anyhow::{Context, ensure};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::output::shown;

/// How much of a name is told, in characters.
const NAME: usize = 64;

/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

/// One event as it is written, and where; or why none can be told from what is written there.
pub(crate) struct Found<'a> {
    pub(crate) place: String,
    pub(crate) json: Result<&'a str, String>,
}

impl<'a> Found<'a> {
    fn new(place: impl Into<String>, json: &'a str) -> Self {
        Self { place: place.into(), json: Ok(json) }
    }
}

pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
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

/// One event, a list, an object of events by name, or one after the other, as lines or printed over several.
pub(crate) fn events(text: &str) -> Box<dyn Iterator<Item = Found<'_>> + '_> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        return list(text);
    }
    let Ok(Named(events)) = serde_json::from_str(text) else { return Box::new(chunks(text).flat_map(values)) };
    let holds_events = !events.is_empty() && events.iter().all(|(_, json)| json.get().starts_with('{'));
    if holds_events {
        return Box::new(events.into_iter().map(|(name, json)| Found::new(shown(&name, NAME), json.get())));
    }
    Box::new(once(Found::new("the event", text.trim())))
}

fn list(text: &str) -> Box<dyn Iterator<Item = Found<'_>> + '_> {
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(list) => {
            let each = list.into_iter().enumerate();
            Box::new(each.map(|(at, json)| Found::new(format!("[{at}]"), json.get())))
        }
        Err(error) => Box::new(once(Found { place: "the list".into(), json: Err(format!("is no JSON: {error}")) })),
    }
}

/// A part of a text, and the number of its first line.
struct Chunk<'a> {
    text: &'a str,
    line: usize,
}

/// Parts that each begin with a line that begins with `{`, so that what is broken in one leaves the others alone.
fn chunks(text: &str) -> impl Iterator<Item = Chunk<'_>> {
    let (mut rest, mut line) = (text, 1);
    std::iter::from_fn(move || {
        let end = rest.find("\n{").map_or(rest.len(), |at| at + 1);
        let (text, behind) = rest.split_at(end);
        let chunk = Chunk { text, line };
        (rest, line) = (behind, line + text.matches('\n').count());
        (!text.is_empty()).then_some(chunk)
    })
}

/// The values of a chunk; from where it is no JSON on, all of it as one.
fn values(chunk: Chunk<'_>) -> Vec<Found<'_>> {
    let (mut found, mut rest, mut line) = (Vec::new(), chunk.text, chunk.line);
    loop {
        let begin = rest.len() - rest.trim_start().len();
        line += rest[..begin].matches('\n').count();
        rest = &rest[begin..];
        if rest.is_empty() {
            return found;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let json = if let Some(Ok(json)) = stream.next() { json.get() } else { rest };
        found.push(Found::new(format!("line {line}"), json.trim_end()));
        line += json.matches('\n').count();
        rest = &rest[json.len()..];
    }
}

/// What an object holds, in its order: also all of those that have one name.
struct Named<'a>(Vec<(String, &'a RawValue)>);

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
                while let Some(entry) = entries.next_entry()? {
                    found.push(entry);
                }
                Ok(Named(found))
            }
        }

        deserializer.deserialize_map(Entries)
    }
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
            (format!("{event}{event}\r\n{event}\r\n"), vec!["line 1", "line 1", "line 2"]),
            (format!("\u{feff}{event}"), vec!["the event"]),
            ("{\n \"id\": 1\n}\n{\n \"id\": 2\n}\n".into(), vec!["line 1", "line 4"]),
            ("{\n \"id\": 1,\n}\n{\n \"id\": 2\n}\n".into(), vec!["line 1", "line 4"]),
            (format!("{event}\nno event\nno event\n{event}"), vec!["line 1", "line 2", "line 4"]),
            (format!("[{event},]"), vec!["the list"]),
            ("[]".into(), vec![]),
            (String::new(), vec![]),
            ("{}".into(), vec!["the event"]),
        ];
        for (text, places) in table {
            let found: Vec<_> = events(&text).collect();
            assert_eq!(found.iter().map(|one| one.place.as_str()).collect::<Vec<_>>(), places, "{text}");
        }
    }

    #[test]
    fn an_event_is_kept_as_it_is_written() {
        let event = r#"{"id":"1","data":{"a":9007199254740993,"b":1.10}}"#;
        for text in [format!("[{event}]"), format!("{event}\n{event}"), format!("{{\"a\": {event}}}")] {
            assert_eq!(events(&text).next().unwrap().json, Ok(event));
        }
    }
}
