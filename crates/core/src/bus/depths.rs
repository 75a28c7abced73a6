//! How much waits.

use super::{EventBus, TenantBus};
use crate::{error::Result, transport::Depths};

impl EventBus {
    /// How much waits for a subscription, named `<service>/<name>`, and for how long: in all, by lane (type and
    /// priority) and by tenant.
    ///
    /// In memory it is exact. On Redis it is an estimate that costs bounded reads, and no payload leaves the server. Of
    /// each partition it asks for the registry, then for which of the lanes that the subscription does not take it began in,
    /// then by one script for what has failed, died or is published for later, and by one for every 20 of the lanes that it
    /// takes or has not left yet, whatever others there are; eight of all these are under way at once. None looks at more
    /// than about 400 events or, of each kind, 1 MiB: some 2 ms of the server. From positions, and so exact but for what moves meanwhile, are `ready`, `in_flight`, `retrying`, `dead` and
    /// `oldest` in all, and by lane what is ready and in flight there; of what is published for later, the first 500 of a
    /// partition are looked at for being past their time, whoever takes them. The rest is counted where about 100 events
    /// wait or less, and above that scaled up from a sample spread over what waits: then [`Depths::exact`] is false. A share
    /// of one half is told as 40 to 60 % in 19 of 20 cases where the events of tenants are mixed, and less well where they
    /// come in long runs or over many full lanes at once; a tenant of one event in a hundred may be missing.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered; those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, Priority, RawEvent, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("import", "*").handler(async |_: RawEvent, _| ())).await?;
    /// bus.pause("crm/import").await?;
    /// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// let depths = bus.depths("crm/import").await?;
    /// assert_eq!((depths.total.ready, depths.of_lane("lead.created", Priority::Medium).ready), (1, 1));
    /// assert_eq!((depths.of_tenant("acme").ready, depths.exact), (1, true));
    /// println!("{depths}");
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn depths(&self, subscription: impl AsRef<str>) -> Result<Depths> {
        self.0.transport.admin().depths(&subscription.as_ref().parse()?, None).await
    }
}

impl TenantBus {
    /// As [`EventBus::depths`], of this tenant alone: only its partition is asked. `total` and lanes are the tenant's own.
    ///
    /// # Errors
    /// As [`EventBus::depths`].
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, RawEvent, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("import", "*").handler(async |_: RawEvent, _| ())).await?;
    /// bus.pause("crm/import").await?;
    /// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// assert_eq!(bus.tenant("acme")?.depths("crm/import").await?.total.ready, 1);
    /// assert!(bus.tenant("other")?.depths("crm/import").await?.total.is_empty());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn depths(&self, subscription: impl AsRef<str>) -> Result<Depths> {
        self.bus().0.transport.admin().depths(&subscription.as_ref().parse()?, Some(self.tenant())).await
    }
}
