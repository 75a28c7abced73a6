//! Waiting until an event is done with.

use std::time::Duration;

use tokio::time::Instant;

use super::EventBus;
use crate::{
    error::{Error, Result},
    ids::{EventId, TenantId},
    transport::{EventStatus, Stage},
};

/// How long to wait before the status is asked for again: this at first, then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

impl EventBus {
    /// Waits until an event has come to its end in every subscription that it is for (completed or failed), but no
    /// longer than `patience`; answers its status as it is then. An event that is unknown is not waited for.
    ///
    /// The store is asked again and again: after 5 ms at first, and at most every 500 ms.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule; those of the
    /// store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Event, EventBus, Subscription, TekupEvent, transport::Stage};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
    /// let receipt = bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// let status = bus.wait_for("acme", receipt.id, Duration::from_secs(5)).await?;
    /// assert_eq!(status.stage, Stage::Completed);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn wait_for<T>(&self, tenant: T, id: EventId, patience: Duration) -> Result<EventStatus>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = tenant.try_into().map_err(Error::from)?;
        let admin = self.0.transport.admin();
        let begun = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let status = admin.status(&tenant, id).await?;
            let left = patience.saturating_sub(begun.elapsed());
            if status.stage.is_final() || status.stage == Stage::Unknown || left.is_zero() {
                return Ok(status);
            }
            tokio::time::sleep(wait.min(left)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
