//! The one list of a bus' settings: what is read, refused, shown and documented follows from it.

use std::collections::BTreeMap;

use super::{BusConfig, operator};
use crate::{
    checks::SchemaCheck,
    error::{Error, ErrorKind, Result},
    ids::{ServiceName, TenantId},
    retry::LONGEST_DELAY,
    settings::{
        Part, Setting,
        Takes::{Limit, List, Number, Text, TextOrNone, Word, WordOrList},
        Value,
    },
    transport::LARGEST_REVISION,
};

const HOUR_MS: u64 = 3_600_000;
const MIB: u64 = 1 << 20;

impl Part for BusConfig {
    const SETTINGS: &'static [Setting] = &[
        Setting::new("serviceName", "SERVICE_NAME", SERVICE, "the name with which the process joins the bus")
            .required(),
        Setting::new(
            "operator",
            "EVENT_BUS_OPERATOR",
            TextOrNone("1 to 128 printable characters", operator::check),
            "who acts by the process, as the audit tells it; none: the service's name",
        ),
        Setting::new(
            "retryAttempts",
            "EVENT_BUS_RETRY_ATTEMPTS",
            Number(1, 1_000),
            "attempts of an event, the first included",
        ),
        Setting::new(
            "retryDelay",
            "EVENT_BUS_RETRY_DELAY",
            Number(0, LONGEST_DELAY.as_secs() * 1_000),
            "the wait before the second attempt; it doubles up to 5 minutes, with full jitter",
        )
        .unit("ms"),
        Setting::new(
            "deadLetterTtl",
            "EVENT_BUS_DEAD_LETTER_TTL",
            Number(1, 87_600 * 3_600),
            "how long a dead letter is kept; on Redis it goes while a replica of its subscription runs",
        )
        .unit("s"),
        Setting::new(
            "deadLetterCap",
            "EVENT_BUS_DEAD_LETTER_CAP",
            Number(1, 1_000_000_000),
            "dead letters that a subscription keeps at most in each partition; then the oldest go, counted",
        ),
        Setting::new(
            "batchSize",
            "EVENT_BUS_BATCH_SIZE",
            Number(1, 1_000),
            "events of one call of a batch handler, for services that take it from here: `bus.config().batch_size`",
        ),
        Setting::new(
            "concurrency",
            "EVENT_BUS_CONCURRENCY",
            Number(1, 10_000),
            "handlers at once in each subscription",
        ),
        Setting::new(
            "handlers",
            "EVENT_BUS_HANDLERS",
            Limit(1, 100_000),
            "handlers at once in the process, shared by the subscriptions' priorities",
        ),
        Setting::new("timeoutMs", "EVENT_BUS_TIMEOUT_MS", Number(1, 24 * HOUR_MS), "time for one attempt").unit("ms"),
        Setting::new(
            "crashLimit",
            "EVENT_BUS_CRASH_LIMIT",
            Number(1, 1_000),
            "starts without an end before an event is parked in the dead letters",
        ),
        Setting::new(
            "retryLimit",
            "EVENT_BUS_RETRY_LIMIT",
            Number(1, 1_000_000),
            "retries that may wait in a partition before a subscription stops reading",
        ),
        Setting::new(
            "prefetch",
            "EVENT_BUS_PREFETCH",
            Number(1, 10_000),
            "deliveries that a subscription holds unstarted, at most; the number adapts to how long handlers take",
        ),
        Setting::new(
            "leaseMs",
            "EVENT_BUS_LEASE_MS",
            Number(100, HOUR_MS),
            "how long a delivery belongs to a process without renewal",
        )
        .unit("ms"),
        Setting::new(
            "revision",
            "EVENT_BUS_REVISION",
            Number(0, LARGEST_REVISION),
            "which deploy this is: of two that subscribe otherwise or with another rate limit, the larger one holds; 0: the \
             newest process",
        ),
        Setting::new(
            "shutdownGraceMs",
            "EVENT_BUS_SHUTDOWN_GRACE_MS",
            Number(0, HOUR_MS),
            "how long a shutdown waits for handlers that have begun; below the 30 s of Kubernetes",
        )
        .unit("ms"),
        Setting::new(
            "latencyTenants",
            "EVENT_BUS_LATENCY_TENANTS",
            List(100, "tenants", |text| TenantId::new(text).map(drop)),
            "tenants for whom it is also counted by tenant how long handling takes; in a variable with commas between them",
        ),
        Setting::new(
            "metricTenants",
            "EVENT_BUS_METRIC_TENANTS",
            WordOrList(&["off", "all"], 100, "tenants", |text| TenantId::new(text).map(drop)),
            "tenants that metrics tell apart: none, these, or all, of which there are 1,000 at most; in a variable with \
             commas between them",
        ),
        Setting::new("maxPayloadBytes", "EVENT_BUS_MAX_PAYLOAD_BYTES", Number(1, MIB), "of a whole event")
            .unit("bytes"),
        Setting::new("maxMetadataBytes", "EVENT_BUS_MAX_METADATA_BYTES", Number(0, MIB), "of an event's metadata")
            .unit("bytes"),
        Setting::new(
            "maxBatchEvents",
            "EVENT_BUS_MAX_BATCH_EVENTS",
            Number(1, 10_000),
            "events in one call of `publish_batch`",
        ),
        Setting::new("maxDepth", "EVENT_BUS_MAX_DEPTH", Number(1, 100), "arrays and objects inside each other"),
        Setting::new(
            "schemaCheck",
            "EVENT_BUS_SCHEMA_CHECK",
            Word(&SchemaCheck::NAMES),
            "what happens to an untyped event that breaks the schema of its type",
        ),
        Setting::new(
            "publishBufferEvents",
            "EVENT_BUS_PUBLISH_BUFFER_EVENTS",
            Number(1, 100_000),
            "events of concurrent publishers on their way to the store, at most; then publishers wait",
        ),
        Setting::new(
            "publishBufferBytes",
            "EVENT_BUS_PUBLISH_BUFFER_BYTES",
            Number(1_024, 1 << 30),
            "their bytes, at most; then publishers wait",
        )
        .unit("bytes"),
        Setting::new(
            "publishWaitMs",
            "EVENT_BUS_PUBLISH_WAIT",
            Number(0, HOUR_MS),
            "how long a publisher waits for room there, before that is an error",
        )
        .unit("ms"),
    ];

    fn values(&self) -> BTreeMap<&'static str, Value> {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        let mut value = |field| Value::of_json(json.get_mut(field).map(serde_json::Value::take).unwrap_or_default());
        Self::SETTINGS.iter().map(|setting| (setting.field(), value(setting.field()))).collect()
    }
}

const SERVICE: crate::settings::Takes =
    Text("1 to 64 ASCII letters, digits, `.`, `_` and `-`, with a letter or digit first", service);

fn service(name: &str) -> Result<()> {
    if name.is_empty() {
        let message = "service name is absent: set `serviceName`, or SERVICE_NAME in the environment";
        return Err(Error::new(ErrorKind::InvalidConfig, message));
    }
    ServiceName::new(name).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_the_fields_of_the_struct_and_its_defaults_are_allowed() {
        let config = BusConfig::new("billing");
        let json = serde_json::to_value(&config).unwrap();
        let fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut listed: Vec<_> = BusConfig::SETTINGS.iter().map(Setting::field).collect();
        listed.sort_unstable();
        assert_eq!(listed, fields);
        assert_eq!(config.broken(), [""; 0]);
    }
}
