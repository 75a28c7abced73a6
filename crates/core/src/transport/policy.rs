use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StartAt;
use crate::{
    config::{BusConfig, units},
    retry::RetryPolicy,
};

/// How a process handles what a subscription gives it: what that process says of its own settings.
///
/// It is a description for operators, and decides nothing: each process goes by the settings that it has, and two of them
/// may differ. The store keeps what the newest deploy has said, see [`Registration::policy`](super::Registration::policy).
///
/// Written as JSON, with durations in whole milliseconds, it is read by older and newer versions of this crate alike: a
/// field that is unknown is passed over, and one that came later is an `Option`.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::{RetryPolicy, transport::Policy};
///
/// let mut policy = Policy::default(); // that of the bus
/// policy.retry = RetryPolicy::fixed(4, Duration::from_secs(10));
/// let json = serde_json::to_string(&policy).unwrap();
/// assert!(json.contains(r#""timeoutMs":30000"#), "{json}");
/// assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Policy {
    /// How often, and after which delays, an event is attempted again.
    pub retry: RetryPolicy,
    /// Time for one attempt.
    #[serde(rename = "timeoutMs", with = "units::millis")]
    pub timeout: Duration,
    /// Handlers at once, in each process.
    pub concurrency: usize,
    /// The most events of one call; `None` for a handler of one event a call.
    pub batch: Option<usize>,
    /// How long a delivery belongs to a process without renewal.
    #[serde(rename = "leaseMs", with = "units::millis")]
    pub lease: Duration,
    /// Starts without an end before an event is parked in the dead letters.
    pub crash_limit: u32,
    /// The most retries that may wait in one partition.
    pub retry_limit: usize,
    /// How long a dead letter is kept.
    #[serde(rename = "deadLetterTtlMs", with = "units::millis")]
    pub dead_letter_ttl: Duration,
    /// The most dead letters that are kept in each partition.
    pub dead_letter_cap: usize,
    /// Where it would begin, were it new.
    pub start_at: StartAt,
}

impl Policy {
    /// What the settings of a bus say of all its subscriptions.
    pub(crate) fn of_bus(config: &BusConfig) -> Self {
        Self {
            retry: config.retry_policy(),
            timeout: config.timeout,
            concurrency: config.concurrency,
            batch: None,
            lease: config.lease,
            crash_limit: config.crash_limit,
            retry_limit: config.retry_limit,
            dead_letter_ttl: config.dead_letter_ttl,
            dead_letter_cap: config.dead_letter_cap,
            start_at: StartAt::default(),
        }
    }
}

/// That of a bus whose settings are the defaults.
impl Default for Policy {
    fn default() -> Self {
        Self::of_bus(&BusConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn a_policy_survives_a_round_trip_and_what_is_unknown_is_passed_over() {
        let retry = RetryPolicy::exponential(5, Duration::from_secs(2)).cap(Duration::from_secs(8));
        let mut policy = Policy { retry, batch: Some(100), dead_letter_cap: usize::MAX, ..Policy::default() };
        let time: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for start_at in [StartAt::Now, StartAt::Beginning, StartAt::At(time)] {
            policy.start_at = start_at;
            let json = serde_json::to_string(&policy).unwrap();
            assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy, "{json}");
            let newer =
                json.replacen('{', r#"{"colour":{"start":5},"#, 1).replace("\"jitter\"", "\"later\":[],\"jitter\"");
            assert_eq!(serde_json::from_str::<Policy>(&newer).unwrap(), policy, "{newer}");
        }
    }

    #[test]
    fn a_policy_of_the_largest_numbers_is_still_small() {
        let most = Duration::from_millis(u64::MAX);
        let policy = Policy {
            retry: RetryPolicy::exponential(u32::MAX, most).cap(most),
            timeout: most,
            concurrency: usize::MAX,
            batch: Some(usize::MAX),
            lease: most,
            crash_limit: u32::MAX,
            retry_limit: usize::MAX,
            dead_letter_ttl: most,
            dead_letter_cap: usize::MAX,
            start_at: StartAt::Beginning,
        };
        assert!(serde_json::to_string(&policy).unwrap().len() < 600);
    }
}
