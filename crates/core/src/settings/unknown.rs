//! Names that nobody knows.

use super::{FILE, Origin, Setting, nearest::nearest};
use crate::error::shown;

/// Variables that others read: the transport on Redis. A bus without one shares the environment of those with one.
const ELSEWHERE: [&str; 8] = [
    "EVENT_BUS_NAMESPACE",
    "EVENT_BUS_PARTITIONS",
    "EVENT_BUS_DEDUPE_WINDOW_SECONDS",
    "EVENT_BUS_MAX_LANE_LENGTH",
    "EVENT_BUS_RETENTION_SECONDS",
    "EVENT_BUS_RETENTION_LENGTH",
    "EVENT_BUS_CONNECT_TIMEOUT_MS",
    "EVENT_BUS_COMMAND_TIMEOUT_MS",
];

/// All names that somebody knows.
pub(super) struct Names {
    keys: Vec<&'static str>,
    variables: Vec<String>,
}

impl Names {
    pub(super) fn of(settings: impl Iterator<Item = &'static Setting>) -> Self {
        let mut names =
            Self { keys: Vec::new(), variables: [FILE].iter().chain(&ELSEWHERE).map(|&name| name.into()).collect() };
        for setting in settings {
            names.keys.push(setting.key);
            names.variables.push(setting.variable.into());
            names.variables.extend(setting.file_variable());
        }
        names
    }

    /// A misspelt variable would else be a setting without effect.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        if !name.starts_with("EVENT_BUS_") || self.variables.iter().any(|known| known == name) {
            return None;
        }
        let meant = nearest(name, self.variables.iter().map(String::as_str));
        Some(format!("{} is unknown: did you mean {meant}? Else unset it", shown(name)))
    }

    pub(super) fn key(&self, key: &str, origin: &Origin) -> Option<String> {
        if self.keys.contains(&key) {
            return None;
        }
        let is_table = self.keys.iter().any(|known| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
        let shown = shown(key);
        let then = match origin {
            Origin::File { .. } if is_table => format!(" is no table: write [{shown}], and its settings below"),
            _ => format!(" is unknown: did you mean {}? Else remove it", nearest(key, self.keys.iter().copied())),
        };
        let place = match origin {
            Origin::Flag(flag) => format!("{shown}, which {flag} sets,"),
            _ => origin.place(&shown),
        };
        Some(format!("{place}{then}"))
    }
}
