//! The one list of the transport's settings: what is read, refused, shown and documented follows from it.

use std::{collections::BTreeMap, time::Duration};

use tekup_core::settings::{
    Part, Setting,
    Takes::{Limit, Number, Text},
    Value,
};

use crate::{RedisConfig, config::address, keys::NamespaceName, partition};

const YEAR: u64 = 365 * 86_400;
const MOST: u64 = 1_000_000_000;

impl Part for RedisConfig {
    const SETTINGS: &'static [Setting] = &[
        Setting::new(
            "redis.url",
            "REDIS_URL",
            Text("`redis://[user[:password]@]host[:port][/db]` or `redis+unix:///path/of/socket`", Self::check_url),
            "where the server is",
        )
        .secret(address),
        Setting::new(
            "redis.namespace",
            "EVENT_BUS_NAMESPACE",
            Text("1 to 64 ASCII letters, digits, `.`, `_` and `-`", |text| NamespaceName::new(text).map(drop)),
            "the first part of every key; buses of different namespaces don't see each other",
        ),
        Setting::new(
            "redis.partitions",
            "EVENT_BUS_PARTITIONS",
            Number(1, partition::MOST as u64),
            "in how many partitions tenants are spread: fixed when the namespace is made",
        ),
        Setting::new(
            "redis.dedupeWindowSeconds",
            "EVENT_BUS_DEDUPE_WINDOW_SECONDS",
            Number(1, YEAR),
            "how long an id is remembered",
        )
        .unit("s"),
        Setting::new(
            "redis.maxLaneLength",
            "EVENT_BUS_MAX_LANE_LENGTH",
            Limit(1, MOST),
            "events of one type and priority in a partition, at most: above that the oldest are dropped, settled or not; none: \
             nothing is dropped",
        ),
        Setting::new(
            "redis.retentionSeconds",
            "EVENT_BUS_RETENTION_SECONDS",
            Number(0, YEAR),
            "how long events are kept after all have settled them",
        )
        .unit("s"),
        Setting::new(
            "redis.retentionLength",
            "EVENT_BUS_RETENTION_LENGTH",
            Limit(1, MOST),
            "how many a lane keeps because of that, at most",
        ),
        Setting::new(
            "redis.connectTimeoutMs",
            "EVENT_BUS_CONNECT_TIMEOUT_MS",
            Number(10, 10_000),
            "how long one attempt to connect may take",
        )
        .unit("ms"),
        Setting::new(
            "redis.commandTimeoutMs",
            "EVENT_BUS_COMMAND_TIMEOUT_MS",
            Number(10, 10_000),
            "how long an answer may take before the connection is given up",
        )
        .unit("ms"),
    ];

    fn values(&self) -> BTreeMap<&'static str, Value> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into();
        BTreeMap::from([
            ("url", self.url.as_str().into()),
            ("namespace", self.namespace.as_str().into()),
            ("partitions", u64::from(self.partitions).into()),
            ("dedupeWindowSeconds", self.dedupe_window.as_secs().into()),
            ("maxLaneLength", self.max_lane_length.into()),
            ("retentionSeconds", self.retention.as_secs().into()),
            ("retentionLength", self.retention_length.into()),
            ("connectTimeoutMs", millis(self.connect_timeout)),
            ("commandTimeoutMs", millis(self.command_timeout)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use tekup_core::BusConfig;

    use super::*;

    #[test]
    fn the_list_names_the_fields_of_the_struct_and_its_defaults_are_allowed() {
        let refused = serde_json::from_str::<RedisConfig>(r#"{"": 0}"#).unwrap_err().to_string();
        let mut fields: Vec<_> = refused.split('`').skip(1).step_by(2).filter(|name| !name.is_empty()).collect();
        let mut listed: Vec<_> = RedisConfig::SETTINGS.iter().map(Setting::field).collect();
        fields.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, fields);
        assert_eq!(RedisConfig::default().broken(), [""; 0]);
        assert!(RedisConfig::SETTINGS.iter().all(|setting| setting.key == format!("redis.{}", setting.field())));
    }

    #[test]
    fn a_bus_without_a_transport_lets_its_variables_be() {
        let variables = RedisConfig::SETTINGS.iter().map(|setting| (setting.variable, "0"));
        let environment = tekup_core::Environment::of(variables.chain([("SERVICE_NAME", "billing")]));
        assert!(BusConfig::from_environment(&environment).is_ok());
        let mut known = tekup_core::__private::ELSEWHERE.to_vec();
        let mut ours: Vec<_> = RedisConfig::SETTINGS.iter().map(|setting| setting.variable).collect();
        ours.retain(|variable| variable.starts_with("EVENT_BUS_"));
        known.sort_unstable();
        ours.sort_unstable();
        assert_eq!(known, ours, "the bus lets another list be");
    }
}
