use serde::Serialize;
use tekup_core::Result;

use crate::{
    config::RedisConfig,
    keys::{NamespaceName, PartitionKeys},
    partition,
};

/// How events lie on the server, told to people and to programs of other languages.
///
/// It is what a process of this configuration makes where the namespace is new. To read events past the bus is fine; to
/// write past it is not, for then nobody notes where they are.
///
/// ```
/// use tekup_redis_transport::RedisConfig;
///
/// let keys = RedisConfig::default().namespace("shop").key_space()?;
/// assert_eq!(keys.lane, "shop:{<tag>}:lane:<type>:<priority>");
/// assert_eq!(keys.tags.len(), 8);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeySpace {
    /// The first part of every key.
    pub namespace: String,
    /// The hash tag of each partition, in their order.
    pub tags: Vec<String>,
    /// How a tenant's partition is found.
    pub partition: &'static str,
    /// The key of a lane, a stream: `<tag>` is that of the tenant's partition, `<type>` the event type, `<priority>` one of
    /// low, medium, high and critical.
    pub lane: String,
    /// The field of an entry that holds the event, as JSON.
    pub event_field: &'static str,
    /// The consumer group of a subscription on each lane that it takes.
    pub group: &'static str,
    /// The key of a partition's audit records of events, a stream.
    pub audited: String,
    /// The field of an entry there that holds the record, as JSON.
    pub audited_field: &'static str,
    /// The key of the audit records of operators' actions, a hash: `<tag>` is that of the first partition, a field an
    /// action's id, its value `<began, in ms> <ended, in ms, or 0>`, a line feed, and the action as JSON.
    pub actions: String,
}

impl RedisConfig {
    /// How events lie on the server.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](tekup_core::ErrorKind::InvalidConfig) with every setting that breaks its rule.
    ///
    /// See [`KeySpace`] for an example.
    pub fn key_space(&self) -> Result<KeySpace> {
        self.check()?;
        let keys = PartitionKeys::new(&NamespaceName::new(&self.namespace)?, "<tag>");
        Ok(KeySpace {
            namespace: self.namespace.clone(),
            tags: partition::tags(self.partitions),
            partition: "CRC-32 (ISO-HDLC) of the tenant, modulo the number of tags",
            lane: keys.lane_named("<type>:<priority>"),
            event_field: "e",
            group: "<service>/<subscription>",
            audited: keys.audited(),
            audited_field: "r",
            actions: keys.actions(),
        })
    }
}
