//! The memory transport behaves as every transport does.

use std::time::Duration;

use tekup_core::{Result, memory::MemoryTransport};
use tekup_testkit::conformance::{Harness, paused_runtime};

struct Memory(MemoryTransport);

impl Harness for Memory {
    type Transport = MemoryTransport;

    async fn fresh() -> Result<Self> {
        Ok(Self(MemoryTransport::new()))
    }

    async fn transport(&self) -> Result<MemoryTransport> {
        Ok(self.0.clone())
    }

    async fn limited(&self, max_lane_length: usize) -> Result<Option<MemoryTransport>> {
        self.0.clone().max_lane_length(max_lane_length).map(Some)
    }

    async fn retaining(&self, keep: Duration, length: Option<usize>) -> Result<Option<MemoryTransport>> {
        let retaining = self.0.clone().retention(keep)?;
        length.map_or(Ok(retaining.clone()), |length| retaining.retention_length(length)).map(Some)
    }

    fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
        paused_runtime()
    }

    async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    fn lease() -> Duration {
        Duration::from_secs(30)
    }

    fn delay() -> Duration {
        Duration::from_secs(10)
    }

    fn quiet() -> Duration {
        Duration::from_millis(10)
    }

    fn soon() -> Duration {
        Duration::from_millis(100)
    }
}

tekup_testkit::transport_conformance!(Memory);
