use std::fmt;

use super::{Setting, Value};

/// Who has said what a setting is.
///
/// ```
/// use tekup_core::settings::Origin;
///
/// assert_eq!(Origin::Variable("REDIS_URL".into()).to_string(), "environment REDIS_URL");
/// assert_eq!(Origin::File { path: "bus.toml".into(), line: 3 }.to_string(), "file bus.toml, line 3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A flag of the command line, or whatever else the program sets itself.
    Flag(String),
    /// A variable of the environment.
    Variable(String),
    /// A line of a file.
    File {
        /// The file, as it was named.
        path: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// Nobody: it is the default.
    Default,
}

impl Origin {
    /// How a mistake names the place.
    pub(super) fn place(&self, key: &str) -> String {
        match self {
            Self::Flag(name) | Self::Variable(name) => name.clone(),
            Self::File { path, line } => format!("{key} ({path}, line {line})"),
            Self::Default => key.to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::File { path, line } => write!(f, "file {path}, line {line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What a setting is, and who has said so. Of a secret only what may be shown.
///
/// ```
/// use tekup_core::{BusConfig, Environment, settings::Sources};
///
/// let mut sources = Sources::of(&Environment::default());
/// let _bus: BusConfig = sources.part();
/// assert_eq!(sources.told()[2].to_string(), "retryAttempts = 3 (default)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// Which setting.
    pub setting: &'static Setting,
    /// Its value, of a secret without what is secret.
    pub value: Value,
    /// Who has said so.
    pub origin: Origin,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.setting.key, self.value, self.origin)
    }
}
