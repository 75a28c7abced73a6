use super::{Takes, Value};

/// One setting: how it is named, what it may be, and what it means.
///
/// ```
/// use tekup_core::{BusConfig, settings::Part};
///
/// let setting = BusConfig::SETTINGS.iter().find(|setting| setting.key == "retryDelay").unwrap();
/// assert_eq!((setting.variable, setting.unit), ("EVENT_BUS_RETRY_DELAY", "ms"));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting {
    /// Its name in a file, with that of its table and a dot before it if it is in one.
    pub key: &'static str,
    /// Its name in the environment.
    pub variable: &'static str,
    /// What its number counts, such as `ms`; empty where that needs no unit.
    pub unit: &'static str,
    /// What it may be.
    pub takes: Takes,
    /// What it is, in one sentence.
    pub meaning: &'static str,
    /// Whether it has no default.
    pub is_required: bool,
    /// Of a secret, what of it may be shown. A secret may also be in a file that the variable with `_FILE` behind it names.
    pub shown: Option<fn(&str) -> String>,
}

impl Setting {
    /// A setting with a default, without a unit, that is no secret.
    ///
    /// ```
    /// use tekup_core::settings::{Setting, Takes};
    ///
    /// const SIZE: Setting = Setting::new("cache.size", "CACHE_SIZE", Takes::Number(1, 64), "how much is kept").unit("bytes");
    /// assert_eq!(SIZE.field(), "size");
    /// ```
    #[must_use]
    pub const fn new(key: &'static str, variable: &'static str, takes: Takes, meaning: &'static str) -> Self {
        Self { key, variable, unit: "", takes, meaning, is_required: false, shown: None }
    }

    /// The same with a unit.
    ///
    /// ```
    /// use tekup_core::settings::{Setting, Takes};
    /// assert_eq!(Setting::new("a", "A", Takes::Number(0, 1), "a").unit("s").unit, "s");
    /// ```
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The same without a default.
    ///
    /// ```
    /// use tekup_core::settings::{Setting, Takes};
    /// assert!(Setting::new("a", "A", Takes::Number(0, 1), "a").required().is_required);
    /// ```
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// The same as a secret, of which only this is shown.
    ///
    /// ```
    /// use tekup_core::settings::{Setting, Takes};
    /// let key = Setting::new("key", "KEY", Takes::Text("a key", |_| Ok(())), "a key").secret(|_| "…".into());
    /// assert!(key.shown.is_some());
    /// ```
    #[must_use]
    pub const fn secret(mut self, shown: fn(&str) -> String) -> Self {
        self.shown = Some(shown);
        self
    }

    /// Its name in its struct: the key without the table.
    ///
    /// ```
    /// use tekup_core::settings::{Setting, Takes};
    /// assert_eq!(Setting::new("redis.url", "REDIS_URL", Takes::Number(0, 1), "a").field(), "url");
    /// ```
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.key.rsplit('.').next().unwrap_or(self.key)
    }

    /// The variable that names a file with the value, of a secret.
    pub(super) fn file_variable(&self) -> Option<String> {
        self.shown.map(|_| format!("{}_FILE", self.variable))
    }

    /// The value if it may be this one, else what follows its name in the message.
    pub(super) fn check(&self, value: Value) -> Result<Value, String> {
        if self.shown.is_some() && !matches!(value, Value::Text(_)) {
            return Err(" is no text: write it in quotes".into());
        }
        self.takes.check(value)
    }

    /// The value as it may be shown.
    pub(super) fn redacted(&self, value: &Value) -> Value {
        match (self.shown, value) {
            (Some(shown), Value::Text(secret)) => Value::Text(shown(secret)),
            _ => value.clone(),
        }
    }
}

/// Of two settings, whether they are one: the key says which.
impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Setting {}
