use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    error::{Error, ErrorKind, Result},
    ids::{EventId, SubscriptionId, TenantId},
    transport::DynAdmin,
};

/// How long a job that has died keeps others from beginning.
const LEASE: Duration = Duration::from_secs(5);
const RENEW_AFTER: Duration = Duration::from_millis(1_250);

/// One job's hold on dead letters: two jobs on the same ones would only get in each other's way.
pub(super) struct Hold {
    admin: Arc<dyn DynAdmin>,
    subscription: SubscriptionId,
    tenant: Option<TenantId>,
    holder: String,
    renewed: Instant,
    is_free: bool,
}

impl Hold {
    /// # Errors
    /// [`ErrorKind::Conflict`] if another job has them.
    pub(super) async fn take(
        admin: Arc<dyn DynAdmin>,
        subscription: SubscriptionId,
        tenant: Option<TenantId>,
    ) -> Result<Self> {
        let holder = EventId::generate().to_string();
        // From here on it is given back, even if this future is dropped before it knows that it has it.
        let mut hold = Self { admin, subscription, tenant, holder, renewed: Instant::now(), is_free: false };
        hold.renew().await?;
        Ok(hold)
    }

    async fn renew(&mut self) -> Result<()> {
        let asked = Instant::now();
        let other = self.admin.hold_letters(&self.subscription, self.tenant.as_ref(), &self.holder, LEASE).await?;
        if let Some(left) = other {
            self.is_free = true;
            return Err(self.taken(left));
        }
        (self.renewed, self.is_free) = (asked, false);
        Ok(())
    }

    fn taken(&self, left: Duration) -> Error {
        let whose = self.tenant.as_ref().map_or(String::new(), |tenant| format!(" of tenant `{tenant}`"));
        let message = format!(
            "another job works on the dead letters of `{}`{whose}: wait for it, or stop it; if its process has died, \
             they are free again in {left:.1?}",
            self.subscription
        );
        Error::new(ErrorKind::Conflict, message)
    }

    /// Waits, and holds on meanwhile and afterwards.
    pub(super) async fn keep_until(&mut self, due: Instant) -> Result<()> {
        loop {
            if self.renewed.elapsed() >= RENEW_AFTER {
                self.renew().await?;
            }
            let now = Instant::now();
            if now >= due {
                return Ok(());
            }
            tokio::time::sleep_until(due.min(now + RENEW_AFTER)).await;
        }
    }

    pub(super) async fn free(&mut self) -> Result<()> {
        if !self.is_free {
            self.admin.free_letters(&self.subscription, self.tenant.as_ref(), &self.holder).await?;
            self.is_free = true;
        }
        Ok(())
    }
}

impl Drop for Hold {
    /// Outside of a runtime it ends with its lease.
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_free {
            return;
        }
        let (admin, subscription) = (Arc::clone(&self.admin), self.subscription.clone());
        let (tenant, holder) = (self.tenant.take(), std::mem::take(&mut self.holder));
        runtime.spawn(async move {
            if let Err(error) = admin.free_letters(&subscription, tenant.as_ref(), &holder).await {
                tracing::debug!(%error, %subscription, "dead letters stay held until the lease of a stopped job ends");
            }
        });
    }
}
