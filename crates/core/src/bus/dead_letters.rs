use std::{fmt, sync::Arc};

use crate::{
    audit::{ActionKind, AdminAction},
    bus::{EventBus, Publish},
    checks::Checks,
    error::{Error, ErrorKind, Result},
    event::TekupEvent,
    ids::{EventId, SubscriptionId, TenantId},
    letters::{Edit, LetterFilter, SelectedLetters},
    transport::{DeadLetter, DeadLetterPage, DynAdmin, LetterKey, Receipt},
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
///
/// Where the subscription runs in this process, a letter is replayed only if a handler could be given it by now: else it
/// would only die again. [`DeadLetters::forced`] leaves that out.
#[derive(Clone)]
pub struct DeadLetters {
    bus: EventBus,
    admin: Arc<dyn DynAdmin>,
    subscription: SubscriptionId,
    tenant: Option<TenantId>,
    is_forced: bool,
}

impl DeadLetters {
    pub(super) fn new(bus: EventBus, subscription: SubscriptionId) -> Self {
        let admin = bus.0.transport.admin();
        Self { bus, admin, subscription, tenant: None, is_forced: false }
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
        self.find(&(tenant, id).into()).await
    }

    /// As [`show`](DeadLetters::show), also a letter of no tenant, named as [`list`](DeadLetters::list) lists it.
    ///
    /// # Errors
    /// As [`DeadLetters::show`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription, transport::LetterKey};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let unreadable = LetterKey { tenant: None, id: EventId::generate(), died: None };
    /// assert_eq!(bus.dead_letters("crm/audit")?.show_letter(&unreadable).await?, None);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn show_letter(&self, letter: &LetterKey) -> Result<Option<DeadLetter>> {
        self.expect_own(letter)?;
        self.find(letter).await
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
    /// As [`DeadLetters::show`]; [`ErrorKind::Undecodable`] if the subscription runs here and no handler of it could be
    /// given the event.
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
        self.replay_letter(&(tenant, id).into()).await
    }

    /// As [`DeadLetters::replay`], for a letter that was listed: one without a tenant too, if this handle is no tenant's.
    ///
    /// # Errors
    /// As [`DeadLetters::replay`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription, transport::LetterKey};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let stranger = LetterKey { tenant: None, id: EventId::generate(), died: None };
    /// assert!(!bus.dead_letters("crm/audit")?.replay_letter(&stranger).await?);
    /// assert!(bus.tenant("acme")?.dead_letters("crm/audit")?.replay_letter(&stranger).await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn replay_letter(&self, letter: &LetterKey) -> Result<bool> {
        self.expect_own(letter)?;
        let action = self.action_on(ActionKind::Replay, letter);
        self.bus.recorded(action, self.give_back(letter), |was_there| u64::from(*was_there)).await
    }

    async fn give_back(&self, letter: &LetterKey) -> Result<bool> {
        if self.asks_handlers() {
            let Some(found) = self.find(letter).await? else { return Ok(false) };
            self.reads(&found)?;
        }
        Ok(self.admin.replay(&self.subscription, vec![letter.clone()]).await? == 1)
    }

    /// Deletes one with its bytes, for good; answers whether it was there. Its event stays failed, and the books count it
    /// as purged.
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
    /// assert!(!bus.dead_letters("crm/audit")?.purge("acme", EventId::generate()).await?);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn purge<T>(&self, tenant: T, id: EventId) -> Result<bool>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = self.allowed(tenant.try_into().map_err(Error::from)?)?;
        self.purge_letter(&(tenant, id).into()).await
    }

    /// As [`DeadLetters::purge`], for a letter that was listed: one without a tenant too, if this handle is no tenant's.
    ///
    /// # Errors
    /// As [`DeadLetters::show`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription, transport::LetterKey};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let stranger = LetterKey { tenant: None, id: EventId::generate(), died: None };
    /// assert!(!bus.dead_letters("crm/audit")?.purge_letter(&stranger).await?);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn purge_letter(&self, letter: &LetterKey) -> Result<bool> {
        self.expect_own(letter)?;
        let action = self.action_on(ActionKind::Purge, letter);
        self.bus.recorded(action, self.delete(letter), |was_there| u64::from(*was_there)).await
    }

    pub(crate) async fn delete(&self, letter: &LetterKey) -> Result<bool> {
        Ok(self.admin.purge(&self.subscription, vec![letter.clone()]).await? == 1)
    }

    /// Those that a filter means: to be listed, counted, replayed or purged.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let old = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().event_type("lead.*"));
    /// assert_eq!((old.count().await?, old.purge().await?.matched), (0, 0));
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn filter(&self, filter: LetterFilter) -> SelectedLetters {
        SelectedLetters::new(self.clone(), filter)
    }

    /// A handle that replays and edits without asking whether a handler of this process could be given the event.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let dead = tekup_core::EventBus::in_memory("crm")?.dead_letters("crm/audit")?;
    /// assert!(dead.forced().replay("acme", tekup_core::EventId::generate()).await.is_err()); // there is no crm/audit
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn forced(&self) -> Self {
        Self { is_forced: true, ..self.clone() }
    }

    /// Publishes, when awaited, a *new* event of the same tenant and type with other data, which names the dead one as
    /// its cause and keeps its correlation, user and metadata. Every subscription that takes the type gets it, as any
    /// event. The dead letter stays as it is, unless [`Edit::purge`] is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if that is no tenant's name; [`ErrorKind::TenantMismatch`] if this handle is another
    /// tenant's.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, Outcome, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("crm")?;
    /// let scoring = Subscription::to::<LeadCreated>("scoring").handler(async |event, _| {
    ///     if event.data.score < 0.0 { Outcome::dead_letter("a negative score") } else { Outcome::Done }
    /// });
    /// bus.subscribe(scoring).await?;
    /// let id = bus.publish(LeadCreated { score: -1.0 }.event("acme")).await?.id;
    ///
    /// let dead = bus.dead_letters("crm/scoring")?;
    /// while dead.count().await? == 0 {
    ///     tokio::task::yield_now().await;
    /// }
    /// let edited = dead.edit("acme", id, LeadCreated { score: 1.0 })?.purge().await?;
    /// assert!(edited.receipt.id != id && edited.purged);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn edit<T, E>(&self, tenant: T, id: EventId, data: E) -> Result<Edit>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
        E: TekupEvent,
    {
        let tenant = self.allowed(tenant.try_into().map_err(Error::from)?)?;
        Ok(Edit::with_data(self.clone(), tenant, id, data))
    }

    /// As [`DeadLetters::edit`], with the new data as JSON: for who does not know its type.
    ///
    /// # Errors
    /// As [`DeadLetters::edit`].
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let edit = bus.dead_letters("crm/audit")?.edit_json("acme", EventId::generate(), r#"{"score":1}"#)?;
    /// assert!(edit.await.is_err()); // there is no such letter
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn edit_json<T>(&self, tenant: T, id: EventId, json: impl Into<String>) -> Result<Edit>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = self.allowed(tenant.try_into().map_err(Error::from)?)?;
        Ok(Edit::with_json(self.clone(), tenant, id, json.into()))
    }

    /// Gives all back that are there now; answers how many. What dies again meanwhile is not given back a second time,
    /// and what no handler of this process could be given stays: `filter(LetterFilter::all()).replay()` tells of both.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no such subscription is registered; [`ErrorKind::Conflict`] while another job works on
    /// the same letters. After an error of the store, some may have been
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
        let progress = self.filter(LetterFilter::all()).replay().await?;
        if progress.refused > 0 {
            let (subscription, refused) = (&self.subscription, progress.refused);
            tracing::warn!(%subscription, refused, "dead letters were not replayed: no handler could be given them");
        }
        Ok(progress.done)
    }

    /// What is done to all letters of some kind.
    pub(crate) fn action(&self, kind: ActionKind) -> AdminAction {
        self.bus.action(kind).subscription(&self.subscription).tenant(self.tenant())
    }

    pub(crate) fn action_on(&self, kind: ActionKind, letter: &LetterKey) -> AdminAction {
        self.action(kind).tenant(letter.tenant.as_ref()).event(letter.id)
    }

    pub(crate) fn bus(&self) -> &EventBus {
        &self.bus
    }

    pub(crate) fn admin(&self) -> &Arc<dyn DynAdmin> {
        &self.admin
    }

    pub(crate) fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// Whose letters the handle reaches; `None`: everyone's.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.bus.0.checks
    }

    pub(crate) async fn publish(&self, event: impl Publish) -> Result<Receipt> {
        self.bus.publish(event).await
    }

    pub(crate) async fn find(&self, letter: &LetterKey) -> Result<Option<DeadLetter>> {
        self.admin.dead_letter(&self.subscription, letter).await
    }

    /// Whether it makes sense to replay a letter, as far as this process can tell.
    pub(crate) fn reads(&self, letter: &DeadLetter) -> Result<()> {
        self.check_with_handlers(letter).map_err(|cause| {
            let message = format!(
                "dead letter {} of `{}` would only die again: {cause}; mend the type, or replay it with `forced()`",
                letter.id, self.subscription
            );
            Error::new(ErrorKind::Undecodable, message).with_source(cause)
        })
    }

    fn asks_handlers(&self) -> bool {
        let can_tell = self.checks().has_schemas() || self.bus.0.running.find(&self.subscription).is_some();
        !self.is_forced && can_tell
    }

    /// Whether a handler could be given what is in a letter, as far as this process can tell: by its handlers, or where the
    /// subscription runs elsewhere by the schemas that it knows.
    pub(crate) fn check_with_handlers(&self, letter: &DeadLetter) -> Result<()> {
        if self.is_forced {
            return Ok(());
        }
        match self.bus.0.running.find(&self.subscription) {
            Some(runtime) => runtime.reads(letter),
            None => letter.event().map_or(Ok(()), |event| self.checks().untyped(&event)),
        }
    }

    fn expect_own(&self, letter: &LetterKey) -> Result<()> {
        match (&self.tenant, &letter.tenant) {
            (None, _) => Ok(()),
            (Some(_), Some(tenant)) => self.allowed(tenant.clone()).map(drop),
            (Some(own), None) => {
                let message = format!(
                    "dead letter {} has no tenant and was asked for by tenant `{own}`'s handle: use the bus itself",
                    letter.id
                );
                Err(Error::new(ErrorKind::TenantMismatch, message))
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
