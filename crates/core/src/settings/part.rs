use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{Setting, Value};
use crate::error::Problems;

/// A struct of settings that [`Sources`](super::Sources) can fill.
///
/// ```
/// use std::collections::BTreeMap;
/// use serde::Deserialize;
/// use tekup_core::{Environment, settings::{Part, Setting, Sources, Takes, Value}};
///
/// #[derive(Deserialize)]
/// struct Cache { size: u64 }
///
/// impl Default for Cache {
///     fn default() -> Self { Self { size: 16 } }
/// }
///
/// impl Part for Cache {
///     const SETTINGS: &'static [Setting] =
///         &[Setting::new("cache.size", "CACHE_SIZE", Takes::Number(1, 64), "how many are kept")];
///
///     fn values(&self) -> BTreeMap<&'static str, Value> {
///         BTreeMap::from([("size", self.size.into())])
///     }
/// }
///
/// let mut sources = Sources::of(&Environment::of([("CACHE_SIZE", "32")]));
/// assert_eq!(sources.part::<Cache>().size, 32);
/// sources.finish()?;
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub trait Part: Default + DeserializeOwned {
    /// All settings, in the order in which they are shown. Deserialization takes their fields by
    /// [name](Setting::field), and whatever they [take](Setting::takes).
    const SETTINGS: &'static [Setting];

    /// What each setting is, by the name of its field.
    fn values(&self) -> BTreeMap<&'static str, Value>;

    /// Everything that is out of its range, by name.
    ///
    /// ```
    /// use tekup_core::{BusConfig, settings::Part};
    ///
    /// let mut config = BusConfig::new("billing");
    /// config.concurrency = 0;
    /// assert_eq!(config.broken(), ["concurrency is 0: use 1 to 10000"]);
    /// ```
    fn broken(&self) -> Vec<String> {
        let mut values = self.values();
        let told = |setting: &'static Setting| {
            let problem = setting.check(values.remove(setting.field())?).err()?;
            // A rule tells the name itself.
            Some(problem.strip_prefix(": ").map_or_else(|| format!("{}{problem}", setting.field()), str::to_owned))
        };
        Self::SETTINGS.iter().filter_map(told).collect()
    }
}

/// The struct with these values, each of which was checked.
pub(super) fn made<P: Part>(values: &BTreeMap<&'static str, Value>, problems: &mut Problems) -> P {
    let json = serde_json::to_value(values).and_then(serde_json::from_value);
    json.unwrap_or_else(|_| {
        // Without the cause, which might show a secret.
        problems.push("settings that were checked are not taken: this is a mistake in their list");
        P::default()
    })
}
