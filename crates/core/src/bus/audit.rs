//! Who did what: recorded around each action, and told.

use std::future::Future;

use super::{EventBus, TenantBus};
use crate::{
    audit::{ActionKind, AdminAction, AuditKind, AuditPage, Begun},
    error::Result,
    ids::SubscriptionId,
};

impl EventBus {
    /// What operators did, and which sensitive events were published, the newest first; of one kind only, if one is named.
    /// `after` is the `next` of the page before; `most` is 1 to 1,000. A page may be short with more to come: go on until
    /// `next` is `None`. See [`audit`](crate::audit) for what is recorded.
    ///
    /// It is for those who operate the service: a tenant's handle tells of its own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for another `most`, or an `after` that no page gave;
    /// those of the store.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent, audit::{AuditKind, AuditRecord}};
    ///
    /// #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// #[event(audit)]
    /// struct AccountClosed {
    ///     reason: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// let closed = AccountClosed { reason: "private".into() };
    /// let receipt = bus.publish(closed.event("acme").user("user-456")).await?;
    ///
    /// let page = bus.audit(Some(AuditKind::Events), None, 100).await?;
    /// let AuditRecord::Published(record) = &page.records[0] else { panic!("only events were asked for") };
    /// assert_eq!((record.event.id, record.event.service.as_ref()), (receipt.id, Some(bus.service())));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn audit(&self, kind: Option<AuditKind>, after: Option<String>, most: usize) -> Result<AuditPage> {
        self.0.transport.admin().audit(kind, None, after, most).await
    }

    /// Does something to a subscription by other means than this bus, such as those of its transport, with a record of it:
    /// before it begins, and when it has ended, with how many that was.
    ///
    /// # Errors
    /// Those of the store if it can't be recorded: then nothing is done. Those of the work. That its end could not be
    /// recorded is told in the log.
    ///
    /// # Cancel safety
    /// If dropped, the record stays without an end; the work is as cancel safe as it is.
    ///
    /// ```
    /// use tekup_core::{EventBus, audit::ActionKind};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("tools")?;
    /// let repair = async { Ok(vec!["lead.created:high"]) };
    /// bus.record(ActionKind::Repair, &"crm/scoring".parse()?, repair, |places| places.len() as u64).await?;
    /// assert_eq!(bus.audit(None, None, 10).await?.records.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn record<T>(
        &self,
        kind: ActionKind,
        subscription: &SubscriptionId,
        work: impl Future<Output = Result<T>>,
        count: impl FnOnce(&T) -> u64,
    ) -> Result<T> {
        self.recorded(self.action(kind).subscription(subscription), work, count).await
    }

    pub(crate) fn action(&self, kind: ActionKind) -> AdminAction {
        let service = self.service();
        let operator = self.config().operator.as_deref().unwrap_or(service.as_str());
        AdminAction::new(kind, operator, service.clone())
    }

    pub(crate) async fn begin(&self, action: AdminAction) -> Result<Begun> {
        Begun::record(self.0.transport.admin(), action).await
    }

    /// Does something, with a record of its begin before and of its end, with how many that was, after.
    pub(crate) async fn recorded<T>(
        &self,
        action: AdminAction,
        work: impl Future<Output = Result<T>>,
        count: impl FnOnce(&T) -> u64,
    ) -> Result<T> {
        let mut begun = self.begin(action).await?;
        let result = work.await;
        begun.end_with(&result, count).await;
        result
    }
}

impl TenantBus {
    /// As [`EventBus::audit`], of what can reach this tenant's events only: a pause, which reaches all tenants' events, is
    /// not told of. It costs a look at the newest 1,000 records of each kind for each page, for others' lie between them.
    ///
    /// # Errors
    /// As [`EventBus::audit`].
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # #[event(audit)]
    /// # struct AccountClosed {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("billing")?;
    /// bus.publish(AccountClosed {}.event("acme")).await?;
    /// assert_eq!(bus.tenant("acme")?.audit(None, None, 100).await?.records.len(), 1);
    /// assert_eq!(bus.tenant("globex")?.audit(None, None, 100).await?.records.len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn audit(&self, kind: Option<AuditKind>, after: Option<String>, most: usize) -> Result<AuditPage> {
        self.bus.0.transport.admin().audit(kind, Some(&self.tenant), after, most).await
    }
}
