//! Redis behaves as every transport does.

use std::time::Duration;

use tekup_core::{EventType, Result};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::{
    conformance::{Harness, Lost},
    redis::RedisServer,
};

struct Redis(RedisServer);

impl Harness for Redis {
    type Transport = RedisTransport;

    async fn fresh() -> Result<Self> {
        RedisServer::start().map(Self)
    }

    async fn transport(&self) -> Result<RedisTransport> {
        RedisTransport::connect(&RedisConfig::new(self.0.url())).await
    }

    /// Into the lane of medium priority of every partition, if it has one.
    async fn smuggle(&self, event_type: &EventType, bytes: &[u8]) -> Result<bool> {
        let lanes = self.0.command(&["KEYS", &format!("*:lane:{event_type}:medium")])?;
        let Some(lane) = lanes.items().first().and_then(|lane| lane.text()) else { return Ok(false) };
        self.0.command(&[b"XADD", lane.as_bytes(), b"*", b"e", bytes])?;
        Ok(true)
    }

    async fn limited(&self, max_lane_length: usize) -> Result<Option<RedisTransport>> {
        let config = RedisConfig::new(self.0.url()).max_lane_length(max_lane_length as u64);
        RedisTransport::connect(&config).await.map(Some)
    }

    async fn retaining(&self, keep: Duration, length: Option<usize>) -> Result<Option<RedisTransport>> {
        let mut config = RedisConfig::new(self.0.url()).retention(keep);
        config.retention_length = length.map(|length| length as u64);
        RedisTransport::connect(&config).await.map(Some)
    }

    async fn lose(&self, what: Lost) -> Result<bool> {
        if what == Lost::Everything {
            self.0.command(&["FLUSHALL"])?;
            return Ok(true);
        }
        let lanes = self.0.command(&["KEYS", "*:lane:*"])?;
        for lane in lanes.items().iter().filter_map(|lane| lane.text()) {
            let groups = self.0.command(&["XINFO", "GROUPS", lane])?;
            for group in groups.items().iter().filter_map(|group| group.items().get(1)?.text()) {
                self.0.command(&["XGROUP", "DESTROY", lane, group])?;
            }
        }
        Ok(true)
    }
}

tekup_testkit::transport_conformance!(Redis);
