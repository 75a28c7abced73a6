use std::{collections::BTreeMap, ffi::OsString};

/// Environment variables, of the process or of a test.
///
/// ```
/// use tekup_core::Environment;
///
/// let environment = Environment::of([("SERVICE_NAME", "billing")]);
/// assert_eq!(environment.get("SERVICE_NAME"), Some("billing"));
/// assert_eq!(environment.get("REDIS_URL"), None);
/// ```
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Shows the names alone, for values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// These variables and no others.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// assert!(Environment::of([("A", "1")]).get("A").is_some());
    /// ```
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The variables of this process. What is no UTF-8 is read with `�`, so that it is refused where it is no valid value.
    ///
    /// ```
    /// assert!(tekup_core::Environment::of_process().get("PATH").is_some());
    /// ```
    #[must_use]
    pub fn of_process() -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        Self::of(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    /// The value of a variable, if it is set and not empty.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// assert_eq!(Environment::of([("A", "")]).get("A"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
