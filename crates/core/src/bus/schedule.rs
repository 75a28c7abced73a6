//! What was published for later: cancelled, counted.

use super::{EventBus, TenantBus};
use crate::{
    audit::ActionKind,
    error::{Error, Result},
    ids::{EventId, TenantId},
    transport::Cancellation,
};

impl EventBus {
    /// Prevents an event that was published with a [delay](crate::Draft::delay) or for a [time](crate::Draft::at), and says
    /// what became of that: it is no error to come too late.
    ///
    /// What is cancelled never comes, whichever process published or cancelled it. Its status is
    /// [`Stage::Cancelled`](crate::transport::Stage::Cancelled), and its id stays taken, as long as ids are remembered.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule; those of the
    /// store.
    ///
    /// # Cancel safety
    /// If dropped, the event may or may not be cancelled: ask again.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    /// use tekup_core::{EventBus, EventId, TekupEvent, transport::Cancellation};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceReminded {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// let later = bus.publish(InvoiceReminded {}.event("acme").delay(Duration::from_secs(300))).await?;
    /// assert_eq!(bus.cancel("acme", later.id).await?, Cancellation::Cancelled);
    /// assert_eq!(bus.cancel("acme", later.id).await?, Cancellation::AlreadyCancelled);
    ///
    /// let now = bus.publish(InvoiceReminded {}.event("acme")).await?;
    /// assert_eq!(bus.cancel("acme", now.id).await?, Cancellation::TooLate);
    /// assert_eq!(bus.cancel("acme", EventId::generate()).await?, Cancellation::Unknown);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel<T>(&self, tenant: T, id: EventId) -> Result<Cancellation>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = tenant.try_into().map_err(Error::from)?;
        let action = self.action(ActionKind::Cancel).tenant(Some(&tenant)).event(id);
        let (admin, is_done) = (self.0.transport.admin(), |answer: &_| u64::from(*answer == Cancellation::Cancelled));
        self.recorded(action, admin.cancel(&tenant, id), is_done).await
    }

    /// How many events of all tenants wait for their time.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceReminded {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// bus.publish(InvoiceReminded {}.event("acme").delay(Duration::from_secs(300))).await?;
    /// assert_eq!(bus.scheduled().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn scheduled(&self) -> Result<u64> {
        self.0.transport.admin().count_scheduled(None).await
    }
}

impl TenantBus {
    /// Prevents an event of this tenant that waits for its time; another tenant's is unknown.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Cancel safety
    /// As [`EventBus::cancel`].
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    /// use tekup_core::{EventBus, TekupEvent, transport::Cancellation};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct InvoiceReminded {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// let later = bus.publish(InvoiceReminded {}.event("acme").delay(Duration::from_secs(300))).await?;
    /// assert_eq!(bus.tenant("other")?.cancel(later.id).await?, Cancellation::Unknown);
    /// assert_eq!(bus.tenant("acme")?.cancel(later.id).await?, Cancellation::Cancelled);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(&self, id: EventId) -> Result<Cancellation> {
        self.bus.cancel(&self.tenant, id).await
    }

    /// How many events of this tenant wait for their time.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let acme = tekup_core::EventBus::in_memory("crm")?.tenant("acme")?;
    /// assert_eq!(acme.scheduled().await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn scheduled(&self) -> Result<u64> {
        self.bus.0.transport.admin().count_scheduled(Some(&self.tenant)).await
    }
}
