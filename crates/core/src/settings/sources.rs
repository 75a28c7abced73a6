use std::fmt;

use super::{FILE, Origin, Part, Setting, Told, Value, part, secret, unknown::Names};
use crate::{
    config::Environment,
    error::{ErrorKind, Problems, Result},
};

/// What flags, the environment and a file say, the nearest first. All mistakes are collected, those of a source that is
/// not the nearest too, and told by [`finish`](Self::finish).
///
/// ```
/// use tekup_core::{BusConfig, Environment, settings::Sources};
///
/// let environment = Environment::of([("EVENT_BUS_CONCURRENCY", "many"), ("EVENT_BUS_BATCHSIZE", "5")]);
/// let mut sources = Sources::of(&environment).flag("--prefetch", "prefetch", Some(0));
/// let _bus: BusConfig = sources.part();
/// sources.refuse_unknown();
/// assert_eq!(sources.finish().unwrap_err().problems(), [
///     "EVENT_BUS_CONCURRENCY is `many`: write a whole number, 1 to 10000",
///     "--prefetch is 0: use 1 to 10000",
///     "EVENT_BUS_BATCHSIZE is unknown: did you mean EVENT_BUS_BATCH_SIZE? Else unset it",
/// ]);
/// ```
pub struct Sources {
    environment: Environment,
    flags: Vec<Said>,
    file: Option<Vec<Said>>,
    told: Vec<Told>,
    known: &'static [Setting],
    problems: Problems,
}

/// One line of a file that was parsed.
///
/// ```
/// use tekup_core::settings::Entry;
///
/// let entry = Entry { key: "redis.partitions".into(), value: 4.into(), line: 2 };
/// assert_eq!(entry.line, 2);
/// ```
#[derive(Clone)]
pub struct Entry {
    /// The name, with that of its table and a dot before it if it is in one.
    pub key: String,
    /// What it says.
    pub value: Value,
    /// In which line, counted from 1.
    pub line: usize,
}

struct Said {
    key: String,
    value: Value,
    origin: Origin,
}

impl Sources {
    /// The environment alone.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::Sources};
    /// assert_eq!(Sources::of(&Environment::default()).part::<BusConfig>(), BusConfig::default());
    /// ```
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let (environment, problems) = (environment.clone(), Problems::default());
        Self { environment, flags: Vec::new(), file: None, told: Vec::new(), known: &[], problems }
    }

    /// With what a flag says, which is nearer than all else; `None` says nothing.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::Sources};
    ///
    /// let environment = Environment::of([("EVENT_BUS_CONCURRENCY", "10")]);
    /// let concurrency = |flag: Option<u32>| {
    ///     Sources::of(&environment).flag("--concurrency", "concurrency", flag).part::<BusConfig>().concurrency
    /// };
    /// assert_eq!((concurrency(None), concurrency(Some(20))), (10, 20));
    /// ```
    #[must_use]
    pub fn flag(mut self, flag: &str, key: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            let value = Value::Text(value.to_string());
            self.flags.push(Said { key: key.to_owned(), value, origin: Origin::Flag(flag.to_owned()) });
        }
        self
    }

    /// With what a file says, or why it says nothing.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::{Entry, Sources}};
    ///
    /// let entry = Entry { key: "concurrency".into(), value: 0.into(), line: 7 };
    /// let mut sources = Sources::of(&Environment::default()).file("bus.toml", Ok(vec![entry]));
    /// assert_eq!(sources.part::<BusConfig>().concurrency, 5);
    /// assert_eq!(sources.finish().unwrap_err().to_string(), "concurrency (bus.toml, line 7) is 0: use 1 to 10000");
    /// ```
    #[must_use]
    pub fn file(mut self, path: &str, entries: Result<Vec<Entry>>) -> Self {
        let said = |Entry { key, value, line }| {
            let origin = Origin::File { path: path.to_owned(), line };
            Said { key, value, origin }
        };
        let entries = self.problems.keep(entries).unwrap_or_default();
        self.file = Some(entries.into_iter().map(said).collect());
        self
    }

    /// With settings that others read: their names are known, and what they say is not looked at.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::{Part, Sources}};
    ///
    /// let environment = Environment::of([("EVENT_BUS_CONCURRENCY", "many"), ("EVENT_BUS_CONCURENCY", "5")]);
    /// let mut sources = Sources::of(&environment).beside(BusConfig::SETTINGS);
    /// sources.refuse_unknown();
    /// assert_eq!(sources.finish().unwrap_err().problems().len(), 1); // the second one's name
    /// ```
    #[must_use]
    pub fn beside(mut self, settings: &'static [Setting]) -> Self {
        self.known = settings;
        self
    }

    /// The settings of a part: each as the nearest source says, else its default. What is wrong is left out here, and told
    /// by [`finish`](Self::finish).
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::Sources};
    /// let mut sources = Sources::of(&Environment::of([("EVENT_BUS_REVISION", "412")]));
    /// assert_eq!(sources.part::<BusConfig>().revision, 412);
    /// ```
    pub fn part<P: Part>(&mut self) -> P {
        let mut values = P::default().values();
        for setting in P::SETTINGS {
            let nearest = self.nearest(setting);
            let usual = values.get(setting.field()).cloned().unwrap_or(Value::None);
            let (value, origin) = nearest.unwrap_or((usual, Origin::Default));
            self.told.push(Told { setting, value: setting.redacted(&value), origin });
            values.insert(setting.field(), value);
        }
        part::made(&values, &mut self.problems)
    }

    /// The settings of all parts so far, in the order of their lists.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::{Origin, Sources}};
    ///
    /// let mut sources = Sources::of(&Environment::default());
    /// let _bus: BusConfig = sources.part();
    /// assert!(sources.told().iter().all(|told| told.origin == Origin::Default));
    /// ```
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// Takes it for a mistake if a setting without a default is said by nobody.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::Sources};
    ///
    /// let mut sources = Sources::of(&Environment::default());
    /// let _bus: BusConfig = sources.part();
    /// sources.refuse_absent();
    /// let told = "serviceName is absent: set SERVICE_NAME, or serviceName in a file";
    /// assert_eq!(sources.finish().unwrap_err().to_string(), told);
    /// ```
    pub fn refuse_absent(&mut self) {
        let said = |key: &str| self.flags.iter().chain(self.file.iter().flatten()).any(|said| said.key == key);
        let absent = self.told.iter().filter(|told| told.setting.is_required && told.origin == Origin::Default);
        let absent = absent.map(|told| told.setting).filter(|setting| {
            // What is said and wrong has been told.
            !said(setting.key) && self.environment.get(setting.variable).is_none()
        });
        for Setting { key, variable, .. } in absent {
            self.problems.push(format!("{key} is absent: set {variable}, or {key} in a file"));
        }
    }

    /// Takes for mistakes what no part so far knows: in the environment what begins with `EVENT_BUS_`, in flags and the
    /// file everything.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment, settings::Sources};
    ///
    /// let mut sources = Sources::of(&Environment::of([("EVENT_BUS_CONCURENCY", "5")]));
    /// let _bus: BusConfig = sources.part();
    /// sources.refuse_unknown();
    /// assert!(sources.finish().unwrap_err().to_string().contains("did you mean EVENT_BUS_CONCURRENCY?"));
    /// ```
    pub fn refuse_unknown(&mut self) {
        let names = Names::of(self.told.iter().map(|told| told.setting).chain(self.known));
        for name in self.environment.names() {
            self.problems.extend_from(names.variable(name));
        }
        for Said { key, origin, .. } in self.flags.iter().chain(self.file.iter().flatten()) {
            self.problems.extend_from(names.key(key, origin));
        }
    }

    /// All settings that were read, with who has said them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake of every source at once, each with its place. A file that is named by
    /// the environment ([`FILE`]) and was not read is a mistake too.
    ///
    /// ```
    /// use tekup_core::{Environment, settings::Sources};
    ///
    /// assert!(Sources::of(&Environment::default()).finish()?.is_empty());
    /// assert!(Sources::of(&Environment::of([("EVENT_BUS_CONFIG", "bus.toml")])).finish().is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn finish(mut self) -> Result<Vec<Told>> {
        let is_read = self.environment.get(FILE).is_none() || self.file.is_some();
        self.problems.check(is_read, || {
            format!(
                "{FILE} names a file, which this program does not read: let it read tekup_redis_transport::Settings, with the \
                 feature `config-file` of that crate, or unset it"
            )
        });
        self.problems.into_result(ErrorKind::InvalidConfig)?;
        Ok(self.told)
    }

    /// Every source is looked at, so that all mistakes are told at once.
    fn nearest(&mut self, setting: &'static Setting) -> Option<(Value, Origin)> {
        let flags = self.flags.iter().filter(|said| said.key == setting.key);
        let flags: Vec<_> =
            flags.map(|said| (setting.takes.read(&said.value.to_string()), said.origin.clone())).collect();
        if let [(_, one), (_, other), ..] = flags.as_slice() {
            let (one, other) = (one.place(""), other.place(""));
            self.problems.push(format!("{one} and {other} both set {}: leave one of them out", setting.key));
        }
        let variable = self.variable(setting);
        let file = self.file.iter().flatten().filter(|said| said.key == setting.key);
        let file = file.map(|said| (said.value.clone(), said.origin.clone()));
        let all: Vec<_> = flags.into_iter().chain(variable).chain(file).collect();
        let checked: Vec<_> = all.into_iter().map(|(value, origin)| self.checked(setting, value, origin)).collect();
        checked.into_iter().flatten().next()
    }

    fn checked(&mut self, setting: &Setting, value: Value, origin: Origin) -> Option<(Value, Origin)> {
        match setting.check(value) {
            Ok(value) => Some((value, origin)),
            Err(problem) => {
                self.problems.push(format!("{}{problem}", origin.place(setting.key)));
                None
            }
        }
    }

    fn variable(&mut self, setting: &Setting) -> Option<(Value, Origin)> {
        let name = setting.variable;
        let plain = self.environment.get(name).map(|text| (setting.takes.read(text), Origin::Variable(name.into())));
        let file = setting.file_variable().and_then(|name| Some((self.environment.get(&name)?, name)));
        let Some((path, file_name)) = file else { return plain };
        if plain.is_some() {
            self.problems.push(format!("{name} and {file_name} are both set: unset one of them"));
        }
        match secret::read(path) {
            Ok(secret) => plain.or(Some((secret.as_str().into(), Origin::Variable(file_name)))),
            Err(problem) => {
                self.problems.push(format!("{file_name}{problem}"));
                plain
            }
        }
    }
}

/// Shows no value that might be a secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = |said: &[Said]| said.iter().map(|said| said.key.clone()).collect::<Vec<_>>();
        let (flags, file) = (keys(&self.flags), self.file.as_deref().map(keys));
        f.debug_struct("Sources")
            .field("environment", &self.environment)
            .field("flags", &flags)
            .field("file", &file)
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

/// Shows no value, for it might be a secret.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).field("line", &self.line).finish_non_exhaustive()
    }
}
