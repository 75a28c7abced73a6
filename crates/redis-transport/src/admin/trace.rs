use tekup_core::{Result, TenantId, transport::Traced};

use super::RedisAdmin;
use crate::trace;

impl RedisAdmin {
    pub(super) async fn read_trace(&self, tenant: &TenantId, correlation: &str) -> Result<Vec<Traced>> {
        let keys = self.keys(self.namespace.partition_of(tenant))?;
        let mut command = redis::cmd("HGETALL");
        command.arg(keys.trace(tenant, correlation));
        let notes: Vec<(Vec<u8>, String)> = self.ask("a trace", command).await?;
        Ok(notes.iter().filter_map(|(id, note)| trace::read(id, note)).collect())
    }
}
