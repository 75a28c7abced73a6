use std::{fmt, sync::Arc};

use crate::{
    error::{Error, ErrorKind, Result},
    ids::{EventId, SubscriptionId, TenantId},
    transport::{DeadLetter, DeadLetterPage, DynAdmin},
};

/// The dead letters of one subscription; of one tenant only, if they were asked for by a tenant's handle.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, Outcome, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// let scoring = Subscription::to::<LeadCreated>("scoring").handler(async |_, _| Outcome::dead_letter("no table"));
/// bus.subscribe(scoring).await?;
/// bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
///
/// let dead = bus.dead_letters("crm/scoring")?;
/// while dead.count().await? == 0 {
///     tokio::task::yield_now().await;
/// }
/// for letter in dead.list(None, 100).await?.letters {
///     println!("{} after {} attempts: {}", letter.reason, letter.attempts, letter.error);
/// }
/// assert_eq!(dead.replay_all().await?, 1);
/// # bus.shutdown().await
/// # }
/// ```
#[derive(Clone)]
pub struct DeadLetters {
    admin: Arc<dyn DynAdmin>,
    subscription: SubscriptionId,
    tenant: Option<TenantId>,
}

/// How many are replayed in one call of the transport.
const PAGE: usize = 100;

impl DeadLetters {
    pub(super) fn new(admin: Arc<dyn DynAdmin>, subscription: SubscriptionId, tenant: Option<TenantId>) -> Self {
        Self { admin, subscription, tenant }
    }

    pub(super) fn only(self, tenant: &TenantId) -> Self {
        Self { tenant: Some(tenant.clone()), ..self }
    }

    /// A page, the oldest first: `after` is the `next` of the page before, `most` is 1 to 1,000. A page may be short
    /// with more to come: go on until `next` is `None`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered; [`ErrorKind::InvalidInput`] for another `most`,
    /// or an `after` that no page gave.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// assert!(bus.dead_letters("crm/nobody")?.list(None, 100).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self, after: Option<String>, most: usize) -> Result<DeadLetterPage> {
        self.admin.dead_letters(&self.subscription, self.tenant.as_ref(), after, most).await
    }

    /// One dead letter, if it is there.
    ///
    /// # Errors
    /// As [`DeadLetters::list`]; [`ErrorKind::TenantMismatch`] if this handle is another tenant's.
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.dead_letters("crm/audit")?.show("acme", EventId::generate()).await?, None);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn show<T>(&self, tenant: T, id: EventId) -> Result<Option<DeadLetter>>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = self.allowed(tenant.try_into().map_err(Error::from)?)?;
        self.admin.dead_letter(&self.subscription, &tenant, id).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.dead_letters("crm/audit")?.count().await?, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn count(&self) -> Result<u64> {
        self.admin.count_dead_letters(&self.subscription, self.tenant.as_ref()).await
    }

    /// Gives one back to this subscription, and to no other: the same id and bytes, attempts from 0. Answers whether it
    /// was there.
    ///
    /// # Errors
    /// As [`DeadLetters::show`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert!(!bus.dead_letters("crm/audit")?.replay("acme", EventId::generate()).await?);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn replay<T>(&self, tenant: T, id: EventId) -> Result<bool>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = self.allowed(tenant.try_into().map_err(Error::from)?)?;
        Ok(self.admin.replay(&self.subscription, vec![(tenant, id)]).await? == 1)
    }

    /// Gives all back that are there now; answers how many. What dies again meanwhile is not given back a second time.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered. After an error of the store, some may have been
    /// given back: calling again goes on with the others.
    ///
    /// # Cancel safety
    /// If dropped, some may have been given back.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.dead_letters("crm/audit")?.replay_all().await?, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn replay_all(&self) -> Result<u64> {
        let mut left = self.count().await?;
        let (mut replayed, mut after) = (0, None);
        loop {
            let page = self.list(after, PAGE).await?;
            let mut looked_at = page.letters;
            looked_at.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= looked_at.len() as u64;
            let letters: Vec<_> =
                looked_at.into_iter().filter_map(|letter| Some((letter.tenant?, letter.id))).collect();
            if !letters.is_empty() {
                replayed += self.admin.replay(&self.subscription, letters).await?;
            }
            after = page.next;
            if after.is_none() || left == 0 {
                return Ok(replayed);
            }
        }
    }

    fn allowed(&self, tenant: TenantId) -> Result<TenantId> {
        match &self.tenant {
            Some(own) if *own != tenant => {
                let message = format!(
                    "dead letter of tenant `{tenant}` was asked for by tenant `{own}`'s handle: use the bus itself"
                );
                Err(Error::new(ErrorKind::TenantMismatch, message))
            }
            _ => Ok(tenant),
        }
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters")
            .field("subscription", &self.subscription)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
