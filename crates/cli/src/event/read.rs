//! Events of a file, each with its place.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, stdin},
    path::Path,
};

use anyhow::{Context, ensure};
use serde_json::value::RawValue;

/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

/// One event as it is written, and where.
pub(super) struct Found {
    pub(super) place: String,
    pub(super) json: String,
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
pub(super) fn events(text: &str) -> Vec<Found> {
    let found = |place: String, json: &RawValue| Found { place, json: json.get().to_owned() };
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return list.into_iter().enumerate().map(|(at, json)| found(format!("[{at}]"), json)).collect();
    }
    if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let holds_events = !object.is_empty() && object.values().all(|value| value.get().starts_with('{'));
        if holds_events {
            return object.into_iter().map(|(name, json)| found(name, json)).collect();
        }
        return vec![Found { place: "the event".into(), json: text.trim().to_owned() }];
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| Found { place: format!("line {}", at + 1), json: line.trim().to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_file_is_seen_from_what_it_holds() {
        let event = r#"{"id":"1","data":{"a":9007199254740993}}"#;
        let table = [
            (event.to_owned(), vec!["the event"]),
            (format!("\n{event}\n"), vec!["the event"]),
            (format!("[{event}, {event}]"), vec!["[0]", "[1]"]),
            (format!(r#"{{"b": {event}, "a": {event}}}"#), vec!["a", "b"]),
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
