//! Redis behaves as every transport does.

use tekup_core::{EventType, Result};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::{conformance::Harness, redis::RedisServer};

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
}

tekup_testkit::transport_conformance!(Redis);
