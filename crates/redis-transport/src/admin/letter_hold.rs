use std::time::Duration;

use redis::Cmd;
use tekup_core::{Result, SubscriptionId, TenantId};

use super::RedisAdmin;
use crate::scripts;

impl RedisAdmin {
    pub(super) async fn hold(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<Duration>> {
        self.must_exist(subscription).await?;
        let mut call = self.on_hold(&scripts::HOLD_LETTERS, subscription, tenant)?;
        call.arg(holder).arg(u64::try_from(lease.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40));
        call.arg(whose(tenant));
        let left: u64 = self.ask("who holds dead letters", call).await?;
        Ok((left > 0).then_some(Duration::from_millis(left)))
    }

    pub(super) async fn free(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
    ) -> Result<()> {
        self.must_exist(subscription).await?;
        let mut call = self.on_hold(&scripts::FREE_LETTERS, subscription, tenant)?;
        call.arg(holder).arg(whose(tenant));
        self.ask::<u64>("who held dead letters", call).await.map(drop)
    }

    /// What is held of all tenants is noted in the first partition alone.
    fn on_hold(
        &self,
        script: &scripts::Script,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> Result<Cmd> {
        let partition = tenant.map_or(0, |tenant| self.namespace.partition_of(tenant));
        let mut call = script.call(1);
        call.arg(self.keys(partition)?.letter_holds(subscription));
        Ok(call)
    }
}

fn whose(tenant: Option<&TenantId>) -> &str {
    // `~` begins no tenant's name.
    tenant.map_or("~all", TenantId::as_str)
}
