//! Names that nobody knows.

use super::{FILE, Origin, Setting, nearest::nearest};
use crate::error::shown;

/// Variables that others read: the transport on Redis, whose list is where they are defined; a test there holds the two
/// together, for this crate does not know it. A bus without one shares the environment of those with one.
pub const ELSEWHERE: [&str; 8] = [
    "EVENT_BUS_NAMESPACE",
    "EVENT_BUS_PARTITIONS",
    "EVENT_BUS_DEDUPE_WINDOW_SECONDS",
    "EVENT_BUS_MAX_LANE_LENGTH",
    "EVENT_BUS_RETENTION_SECONDS",
    "EVENT_BUS_RETENTION_LENGTH",
    "EVENT_BUS_CONNECT_TIMEOUT_MS",
    "EVENT_BUS_COMMAND_TIMEOUT_MS",
];

/// Kubernetes tells every container of the services beside it, also of one that is called `event-bus`: by
/// `EVENT_BUS_SERVICE_HOST`, `EVENT_BUS_SERVICE_PORT`, `EVENT_BUS_PORT`, `EVENT_BUS_PORT_9464_TCP_ADDR` and more.
fn is_of_a_service(name: &str) -> bool {
    let has_port = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.split("_PORT_").skip(1).any(has_port)
}

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
        let is_known = self.variables.iter().any(|known| known == name);
        if !name.starts_with("EVENT_BUS_") || is_known || is_of_a_service(name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_tells_of_services_is_no_setting() {
        let names = Names::of(std::iter::empty());
        for name in [
            "EVENT_BUS_SERVICE_HOST",
            "EVENT_BUS_SERVICE_PORT",
            "EVENT_BUS_SERVICE_PORT_METRICS",
            "EVENT_BUS_PORT",
            "EVENT_BUS_PORT_9464_TCP",
            "EVENT_BUS_METRICS_PORT_9464_TCP_ADDR",
        ] {
            assert_eq!(names.variable(name), None, "{name}");
        }
        for name in ["EVENT_BUS_CONCURENCY", "EVENT_BUS_PORTION", "EVENT_BUS_PORT_NAME"] {
            assert!(names.variable(name).is_some(), "{name}");
        }
    }
}
