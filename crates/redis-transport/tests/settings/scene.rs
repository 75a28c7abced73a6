//! A folder with a file of settings, an environment and flags.

use std::fs;

use tekup_core::{
    Environment, Error, Result,
    settings::{Setting, Takes},
};
use tekup_redis_transport::{Settings, sources};

/// Never the number of a layer, so that it stands out where it is told.
pub(crate) const CANARY: &str = "c4n4ry";

pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    flags: Vec<(String, String, String)>,
}

impl Scene {
    /// With a service's name, so that nothing is absent.
    pub(crate) fn new() -> Self {
        Self::unnamed().variable("SERVICE_NAME", "billing")
    }

    pub(crate) fn unnamed() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), flags: Vec::new() }
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn flag(mut self, flag: &str, key: &str, value: &str) -> Self {
        self.flags.push((flag.into(), key.into(), value.into()));
        self
    }

    /// The settings' file.
    pub(crate) fn file(self, content: impl AsRef<[u8]>) -> Self {
        let path = self.write("bus.toml", content);
        self.variable("EVENT_BUS_CONFIG", &path)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::of(self.variables.clone())
    }

    pub(crate) fn read(&self) -> Result<Settings> {
        let said = sources(&self.environment());
        let said = self.flags.iter().fold(said, |said, (flag, key, value)| said.flag(flag, key, Some(value)));
        Settings::read(said)
    }

    #[track_caller]
    pub(crate) fn refused(&self) -> Error {
        let error = self.read().map(|read| read.told().len()).unwrap_err();
        assert_eq!(error.kind(), tekup_core::ErrorKind::InvalidConfig);
        error
    }

    /// The only mistake, with the file's name for its path.
    #[track_caller]
    pub(crate) fn mistake(&self) -> String {
        let error = self.refused();
        assert_eq!(error.problems().len(), 1, "{error}");
        error.problems()[0].replace(&self.path("bus.toml"), "bus.toml")
    }
}

/// A line of a file, or two, with this setting.
pub(crate) fn toml(setting: &Setting, value: &str) -> String {
    let value = match setting.takes {
        Takes::Number(..) | Takes::Limit(..) if value.parse::<u64>().is_ok() => value.to_owned(),
        Takes::List(..) | Takes::WordOrList(..) => format!("{:?}", value.split(',').collect::<Vec<_>>()),
        _ => format!("{value:?}"),
    };
    written(setting, &value)
}

/// The same with what TOML says as it is.
pub(crate) fn written(setting: &Setting, value: &str) -> String {
    let table = setting.key.strip_suffix(setting.field()).unwrap().trim_end_matches('.');
    let table = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
    format!("{table}{} = {value}\n", setting.field())
}

/// In which line the setting then is.
pub(crate) fn line(setting: &Setting) -> usize {
    1 + usize::from(setting.key.contains('.'))
}
