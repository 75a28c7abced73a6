use super::{LetterFilter, LetterJob};
use crate::{
    bus::DeadLetters,
    error::{Error, ErrorKind, Result},
    ids::TenantId,
    transport::DeadLetterPage,
};

/// The dead letters of a subscription that a filter means.
///
/// Nothing is done before a method is awaited, and mistakes of the filter are told then.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
/// let stale = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().error_contains("no such table"));
/// if stale.count().await? > 0 {
///     stale.replay().per_second(100.0).await?;
/// }
/// # bus.shutdown().await
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is done with the letters until a method is called"]
pub struct SelectedLetters {
    pub(super) letters: DeadLetters,
    pub(super) filter: LetterFilter,
}

/// How many letters are looked at in one call when they are counted.
const COUNTED: usize = 500;

impl SelectedLetters {
    pub(crate) fn new(letters: DeadLetters, filter: LetterFilter) -> Self {
        Self { letters, filter }
    }

    /// A page, the oldest first: `after` is the `next` of the page before; so many letters at most, 1 to 1,000, are
    /// looked at. A page may be short, or empty, with more to come: go on until `next` is `None`.
    ///
    /// # Errors
    /// As [`DeadLetters::list`]; those of [`LetterFilter::check`]; [`ErrorKind::TenantMismatch`] if the filter names
    /// what this handle's tenant does not own.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let dead = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().tenant("acme"));
    /// assert!(dead.list(None, 100).await?.letters.is_empty());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn list(&self, after: Option<String>, most: usize) -> Result<DeadLetterPage> {
        let mut page = self.page(self.reach()?.as_ref(), after, most).await?;
        page.letters.retain(|letter| self.filter.matches(letter));
        Ok(page)
    }

    /// How many there are: what a replay or a purge would look for. It may do less: a replay refuses what no handler could
    /// be given, and letters that are damaged are counted, and reached by [`LetterKey`](crate::transport::LetterKey) only. Looks at all of them, 500 in one call of the transport,
    /// unless the filter names no more than a tenant.
    ///
    /// # Errors
    /// As [`SelectedLetters::list`].
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let dead = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().attempts_at_least(3));
    /// assert_eq!(dead.count().await?, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn count(&self) -> Result<u64> {
        let reach = self.reach()?;
        if !self.filter.looks_at_letters() {
            return self.count_all(reach.as_ref()).await;
        }
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.page(reach.as_ref(), after, COUNTED).await?;
            tokio::task::yield_now().await;
            count += page.letters.iter().filter(|letter| self.filter.matches(letter)).count() as u64;
            after = page.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// Gives them back to their subscription, and to no other: the same ids and bytes, attempts from 0. What dies again
    /// meanwhile is not given back a second time.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let dead = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().event_type("lead.*"));
    /// assert_eq!(dead.replay().await?.done, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn replay(&self) -> LetterJob {
        LetterJob::replay(self.clone())
    }

    /// Deletes them with their bytes, for good. Their events stay failed, and the books count them as purged.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// assert_eq!(bus.dead_letters("crm/audit")?.filter(LetterFilter::all()).purge().await?.done, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn purge(&self) -> LetterJob {
        LetterJob::purge(self.clone())
    }

    /// Of which tenant letters are to be looked at, if of one only.
    pub(super) fn reach(&self) -> Result<Option<TenantId>> {
        self.filter.check()?;
        let (asked, Some(own)) = (&self.filter.tenant, self.letters.tenant()) else {
            return Ok(self.filter.tenant.clone());
        };
        let whose = match asked {
            Some(other) if other != own => format!("of tenant `{other}`"),
            None if self.filter.wants_none() => "of no tenant".into(),
            _ => return Ok(Some(own.clone())),
        };
        let message = format!("dead letters {whose} were asked for by tenant `{own}`'s handle: use the bus itself");
        Err(Error::new(ErrorKind::TenantMismatch, message))
    }

    /// A page of all letters within reach: the last one that can hold what is meant has no next.
    pub(super) async fn page(
        &self,
        reach: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<DeadLetterPage> {
        let mut page = self.letters.admin().dead_letters(self.letters.subscription(), reach, after, most).await?;
        if page.letters.last().is_some_and(|last| self.filter.is_past(last)) {
            page.next = None;
        }
        Ok(page)
    }

    pub(super) async fn count_all(&self, reach: Option<&TenantId>) -> Result<u64> {
        self.letters.admin().count_dead_letters(self.letters.subscription(), reach).await
    }
}
