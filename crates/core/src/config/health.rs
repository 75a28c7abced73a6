use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::{self, MILLI};
use crate::error::{ErrorKind, Problems, Result};

/// From when on something is no longer healthy. A plain struct; absent fields have their defaults.
///
/// ```
/// use tekup_core::HealthThresholds;
///
/// let thresholds: HealthThresholds = serde_json::from_str(r#"{"waiting": 500, "slowMs": 100}"#)?;
/// assert_eq!(thresholds.slow.as_millis(), 100);
/// thresholds.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HealthThresholds {
    /// How long the store may take to answer before it counts as out of reach: 1 ms to 1 min; default 2 s.
    #[serde(rename = "patienceMs", with = "units::millis")]
    pub patience: Duration,
    /// From when on it counts as slow: 1 ms to 1 min; default 250 ms.
    #[serde(rename = "slowMs", with = "units::millis")]
    pub slow: Duration,
    /// How long a subscription may fail to read or to settle, and whatever else works by itself, of the transport too, may
    /// get nothing done, trying on: 1 ms to 1 h; default 30 s. To renew, it has the length of a lease.
    #[serde(rename = "stalledMs", with = "units::millis")]
    pub stalled: Duration,
    /// The most events that may wait for a subscription; default 10,000.
    pub waiting: u64,
    /// How long an event may wait for a subscription, to be handed out or, if it was, to be settled: 1 ms to 365 days;
    /// default 5 min. What is published for later, or waits for a later attempt, has its time first: it waits from then on. Where handlers may
    /// take longer, it must be longer too.
    #[serde(rename = "ageMs", with = "units::millis")]
    pub age: Duration,
    /// How long nobody may read a subscription of the bus, whichever service it is of: 1 ms to 365 days; default 10 min.
    #[serde(rename = "silentMs", with = "units::millis")]
    pub silent: Duration,
    /// The most dead letters that may come from one look to the next; default 0.
    pub dead_letters: u64,
}

impl Default for HealthThresholds {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(2),
            slow: Duration::from_millis(250),
            stalled: Duration::from_secs(30),
            waiting: 10_000,
            age: Duration::from_secs(5 * 60),
            silent: Duration::from_secs(10 * 60),
            dead_letters: 0,
        }
    }
}

impl HealthThresholds {
    /// Whether every threshold is within its range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::HealthThresholds;
    ///
    /// let mut thresholds = HealthThresholds::default();
    /// assert!(thresholds.check().is_ok());
    /// (thresholds.patience, thresholds.slow) = (Duration::ZERO, Duration::MAX);
    /// let error = thresholds.check().unwrap_err();
    /// assert_eq!(error.problems()[0], "patienceMs is 0: use 1 to 60000");
    /// assert_eq!(error.problems().len(), 2);
    /// ```
    pub fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        let (least, minute) = (MILLI, Duration::from_secs(60));
        for (what, value, most) in [
            ("patienceMs", self.patience, minute),
            ("slowMs", self.slow, minute),
            ("stalledMs", self.stalled, 60 * minute),
            ("ageMs", self.age, 365 * 24 * 60 * minute),
            ("silentMs", self.silent, 365 * 24 * 60 * minute),
        ] {
            problems.check((least..=most).contains(&value), || units::out_of_range(what, value, least, most, MILLI));
        }
        problems.into_result(ErrorKind::InvalidInput)
    }
}
