//! Settings of a bus, with the defaults of the product.

mod environment;
mod health;
mod list;
mod operator;
mod tenant_labels;
pub(crate) mod units;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use environment::Environment;
pub use health::HealthThresholds;
pub use tenant_labels::TenantLabels;

use crate::{
    checks::SchemaCheck,
    envelope::Limits,
    error::{Error, ErrorKind, Result},
    ids::TenantId,
    retry::RetryPolicy,
    settings::{Part, Sources},
};

/// Settings of a bus: a plain struct, readable from JSON, from the environment ([`BusConfig::from_env`]) or by hand.
///
/// Absent fields have their defaults. Names and units of `retryAttempts`, `retryDelay` (ms), `deadLetterTtl` (s),
/// `batchSize` and `concurrency` are the TypeScript package's; the other durations say their unit in the name.
///
/// ```
/// use tekup_core::BusConfig;
///
/// let config: BusConfig = serde_json::from_str(r#"{"serviceName": "billing", "retryDelay": 2000}"#)?;
/// assert_eq!(config.retry_delay.as_secs(), 2);
/// assert_eq!(config.concurrency, 5);
/// config.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BusConfig {
    /// The name with which the process joins the bus: required.
    pub service_name: String,
    /// Who acts by this process, as [`audit`](crate::audit) records it: 1 to 128 printable characters; default the service's
    /// name.
    pub operator: Option<String>,
    /// Attempts of an event, the first delivery included: 1 to 1,000; default 3.
    pub retry_attempts: u32,
    /// Delay before the second attempt, doubling from then on up to 5 minutes, with full jitter: at most 7 days;
    /// default 1 s. In milliseconds.
    #[serde(with = "units::millis")]
    pub retry_delay: Duration,
    /// How long a dead letter is kept: 1 s to 10 years; default 24 h. In seconds.
    #[serde(with = "units::seconds")]
    pub dead_letter_ttl: Duration,
    /// The most dead letters that a subscription keeps, in each partition of a transport that has several; then the
    /// oldest go, counted. Default 1,000,000.
    pub dead_letter_cap: usize,
    /// Most events that one call of a batch handler gets, for services that take it from here:
    /// `.batch_handler(bus.config().batch_size, ..)`. 1 to 1,000; default 10.
    pub batch_size: usize,
    /// Handlers at once in each subscription: 1 to 10,000; default 5.
    pub concurrency: usize,
    /// Handlers at once in all subscriptions of this process, shared by their priorities; default: no such limit.
    pub handlers: Option<usize>,
    /// Time for one attempt: 1 ms to 24 h; default 30 s.
    #[serde(rename = "timeoutMs", with = "units::millis")]
    pub timeout: Duration,
    /// Starts without an end before an event is parked in the dead letters: 1 to 1,000; default 5.
    pub crash_limit: u32,
    /// Retries that may wait in one partition before a subscription stops reading: 1 to 1,000,000; default 10,000.
    pub retry_limit: usize,
    /// Most deliveries that a subscription holds unstarted: 1 to 10,000; default 1,000. The actual number adapts to how
    /// long handlers take.
    pub prefetch: usize,
    /// How long a delivery belongs to a process without renewal: 100 ms to 1 h; default 30 s.
    #[serde(rename = "leaseMs", with = "units::millis")]
    pub lease: Duration,
    /// Which deploy this is, as the number of its build: of two deploys that subscribe with other patterns, tenants or rate
    /// limit under one name, the larger one holds, in whatever order their processes start. Default 0: nobody counts, and
    /// the newest process wins. At most 2⁵³ − 1.
    pub revision: u64,
    /// How long a shutdown waits for started handlers: at most 1 h; default 25 s, below Kubernetes' 30.
    #[serde(rename = "shutdownGraceMs", with = "units::millis")]
    pub shutdown_grace: Duration,
    /// Tenants for whom it is also counted by tenant how long handling takes: at most 100; default none.
    pub latency_tenants: Vec<TenantId>,
    /// Which tenants the [metrics](crate::EventBus::process_metrics) of this process tell apart: `"off"`, the default,
    /// `"all"`, or a list of at most 100.
    pub metric_tenants: TenantLabels,
    /// Bytes of a whole event: 1 to 1 MiB; default 256 KiB.
    pub max_payload_bytes: usize,
    /// Bytes of an event's metadata: at most 1 MiB; default 16 KiB.
    pub max_metadata_bytes: usize,
    /// Events in one call of `publish_batch`: 1 to 10,000; default 1,000.
    pub max_batch_events: usize,
    /// Arrays and objects inside each other: 1 to 100; default 64.
    pub max_depth: usize,
    /// What happens to an untyped event whose data breaks the [schema](crate::EventBus::use_schemas) of its type: `off`,
    /// `warn` or `enforce`, the default.
    pub schema_check: SchemaCheck,
    /// Events of concurrent publishers on their way to the store: 1 to 100,000; default 1,000. Then publishers wait.
    pub publish_buffer_events: usize,
    /// Bytes of concurrent publishers on their way to the store: 1 KiB to 1 GiB; default 1 MiB. Then publishers wait. Of
    /// these an event takes its own, and no less than an even share of them by `publish_buffer_events`.
    pub publish_buffer_bytes: usize,
    /// How long a publisher waits for room, before that is an error: at most 1 h; default 5 s.
    #[serde(rename = "publishWaitMs", with = "units::millis")]
    pub publish_wait: Duration,
}

impl Default for BusConfig {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            service_name: String::new(),
            operator: None,
            retry_attempts: 3,
            retry_delay: Duration::from_secs(1),
            dead_letter_ttl: Duration::from_secs(86_400),
            dead_letter_cap: 1_000_000,
            batch_size: 10,
            concurrency: 5,
            handlers: None,
            timeout: Duration::from_secs(30),
            crash_limit: 5,
            retry_limit: 10_000,
            prefetch: 1_000,
            lease: Duration::from_secs(30),
            revision: 0,
            shutdown_grace: Duration::from_secs(25),
            latency_tenants: Vec::new(),
            metric_tenants: TenantLabels::Off,
            max_payload_bytes: limits.payload_bytes,
            max_metadata_bytes: limits.metadata_bytes,
            max_batch_events: limits.batch_events,
            max_depth: limits.depth,
            schema_check: SchemaCheck::default(),
            publish_buffer_events: 1_000,
            publish_buffer_bytes: 1 << 20,
            publish_wait: Duration::from_secs(5),
        }
    }
}

impl BusConfig {
    /// The defaults, for a service.
    ///
    /// ```
    /// use tekup_core::BusConfig;
    /// assert_eq!(BusConfig::new("billing").service_name, "billing");
    /// ```
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self { service_name: service.into(), ..Self::default() }
    }

    /// Reads the variables of the settings, each of which has one ([`Part::SETTINGS`]); what is absent has its default.
    ///
    /// It reads no file: if `EVENT_BUS_CONFIG` names one, that is an error, for `tekup_redis_transport::Settings` reads it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake at once: a value that is of another kind or out of range, an absent
    /// service name, and any other variable that begins with `EVENT_BUS_` and is unknown.
    ///
    /// ```
    /// use tekup_core::{BusConfig, Environment};
    ///
    /// let environment = Environment::of([("SERVICE_NAME", "billing"), ("EVENT_BUS_CONCURRENCY", "10")]);
    /// assert_eq!(BusConfig::from_environment(&environment)?.concurrency, 10);
    ///
    /// let wrong = Environment::of([("EVENT_BUS_CONCURRENCY", "many"), ("EVENT_BUS_RETRIES", "3")]);
    /// assert_eq!(BusConfig::from_environment(&wrong).unwrap_err().problems().len(), 3);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let mut sources = Sources::of(environment);
        let config = sources.part();
        sources.refuse_absent();
        sources.refuse_unknown();
        sources.finish()?;
        Ok(config)
    }

    /// [`BusConfig::from_environment`] of this process.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// // A test process names no service, so this is an error that says so.
    /// let error = tekup_core::BusConfig::from_env().unwrap_err();
    /// assert!(error.to_string().contains("SERVICE_NAME"), "{error}");
    /// ```
    pub fn from_env() -> Result<Self> {
        Self::from_environment(&Environment::of_process())
    }

    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake at once.
    ///
    /// ```
    /// use tekup_core::BusConfig;
    ///
    /// let mut config = BusConfig::new("billing");
    /// assert!(config.check().is_ok());
    /// (config.concurrency, config.retry_attempts) = (0, 0);
    /// assert_eq!(config.check().unwrap_err().problems().len(), 2);
    /// ```
    pub fn check(&self) -> Result<()> {
        let problems = self.broken();
        if problems.is_empty() { Ok(()) } else { Err(Error::from_problems(ErrorKind::InvalidConfig, problems)) }
    }

    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::exponential(self.retry_attempts, self.retry_delay)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes: self.max_payload_bytes,
            metadata_bytes: self.max_metadata_bytes,
            batch_events: self.max_batch_events,
            depth: self.max_depth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_none_at_all_is_refused_by_its_name() {
        type Set = fn(&mut BusConfig);
        let zero = |set: Set| {
            let mut config = BusConfig::new("billing");
            set(&mut config);
            config.check().map_or_else(|error| error.to_string(), |()| "taken".into())
        };
        let table: [(Set, &str); 9] = [
            (|config| config.retry_limit = 0, "retryLimit is 0: use 1 to"),
            (|config| config.dead_letter_cap = 0, "deadLetterCap is 0: use 1 to"),
            (|config| config.crash_limit = 0, "crashLimit is 0: use 1 to"),
            (|config| config.batch_size = 0, "batchSize is 0: use 1 to"),
            (|config| config.max_batch_events = 0, "maxBatchEvents is 0: use 1 to"),
            (|config| config.publish_buffer_events = 0, "publishBufferEvents is 0: use 1 to"),
            (|config| config.publish_buffer_bytes = 0, "publishBufferBytes is 0: use 1024 to"),
            (|config| config.handlers = Some(0), "handlers is 0: use 1 to"),
            (|config| config.prefetch = 0, "prefetch is 0: use 1 to"),
        ];
        for (set, told) in table {
            assert!(zero(set).contains(told), "{told}: {}", zero(set));
        }
    }

    #[test]
    fn absurd_settings_are_refused_all_at_once() {
        let config = BusConfig {
            service_name: "no spaces please".into(),
            retry_attempts: 0,
            retry_delay: Duration::MAX,
            concurrency: 0,
            timeout: Duration::ZERO,
            lease: Duration::from_millis(1),
            revision: u64::MAX,
            shutdown_grace: Duration::MAX,
            max_payload_bytes: 0,
            max_depth: 1_000,
            ..BusConfig::default()
        };
        let error = config.check().unwrap_err();
        assert_eq!(error.problems().len(), 10, "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }

    #[test]
    fn a_config_survives_a_round_trip_and_an_unknown_field_is_named() {
        let config = BusConfig { retry_delay: Duration::from_millis(1_500), ..BusConfig::new("billing") };
        let json = serde_json::to_string(&config).unwrap();
        assert!(json.contains(r#""retryDelay":1500"#) && json.contains(r#""deadLetterTtl":86400"#), "{json}");
        assert_eq!(serde_json::from_str::<BusConfig>(&json).unwrap(), config);
        let error = serde_json::from_str::<BusConfig>(r#"{"retryAtempts": 3}"#).unwrap_err().to_string();
        assert!(error.contains("retryAtempts"), "{error}");
    }

    #[test]
    fn every_mistake_of_an_environment_is_named_with_its_value() {
        let environment = Environment::of([
            ("SERVICE_NAME", "a b"),
            ("EVENT_BUS_RETRY_ATTEMPTS", "0"),
            ("EVENT_BUS_RETRY_DELAY", "-1"),
            ("EVENT_BUS_DEAD_LETTER_TTL", "1d"),
            ("EVENT_BUS_CONCURENCY", "5"),
            ("EVENT_BUS_REVISION", "v2"),
            ("EVENT_BUS_NAMESPACE", "tekup"),
            ("LOG_LEVEL", "info"),
        ]);
        let problems = BusConfig::from_environment(&environment).unwrap_err().problems().join("\n");
        for part in [
            "a b",
            "EVENT_BUS_RETRY_ATTEMPTS is 0",
            "`-1`",
            "`1d`",
            "`v2`",
            "EVENT_BUS_CONCURENCY",
            "did you mean EVENT_BUS_CONCURRENCY",
        ] {
            assert!(problems.contains(part), "{part} in\n{problems}");
        }
        assert!(!problems.contains("NAMESPACE") && !problems.contains("LOG_LEVEL"), "{problems}");
    }
}
