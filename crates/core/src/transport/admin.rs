//! What operators ask of the store.

use std::{future::Future, time::Duration};

use super::{
    Books, Cancellation, CounterDelta, Counters, DeadLetter, DeadLetterPage, Depths, EventStatus, LetterKey, Preview,
    Registration, Replicas, SourceSpec, StoredEvent, SubscriptionPage, SubscriptionState, Traced,
};
use crate::{
    audit::{AdminAction, AuditKind, AuditPage},
    error::Result,
    ids::{EventId, SubscriptionId, TenantId},
    metrics::{Latencies, LatencyDelta},
    rate_limit::RateLimit,
};

/// What operators ask of the store. Each call is bounded: lists come in pages.
///
/// ```
/// use tekup_core::{memory::MemoryTransport, transport::{Admin, Transport}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let admin = MemoryTransport::new().admin();
/// assert!(admin.books(&"billing/ledger".parse()?).await.is_err()); // nobody has that name
/// # Ok(())
/// # }
/// ```
pub trait Admin: Send + Sync + 'static {
    /// Where an event stands, overall and for each subscription.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, Source, SourceSpec, Stage, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// assert_eq!(transport.admin().status(&event.tenant, event.id).await?.stage, Stage::Pending);
    /// # Ok(())
    /// # }
    /// ```
    fn status(&self, tenant: &TenantId, id: EventId) -> impl Future<Output = Result<EventStatus>> + Send;

    /// One event as it is stored: from its lane, or where it waits for its time; else from the retries or the dead letters
    /// of a subscription. `None` for what is none of this tenant's events, and for one that is stored nowhere any more: it
    /// was cancelled, or everyone has settled it and its lane let go of it. A lane that kept it for longer than ids are
    /// remembered is not searched; retries and dead letters are.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, SourceSpec, StoredIn, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// let stored = transport.admin().event(&event.tenant, event.id).await?.expect("nobody has read it");
    /// assert_eq!((stored.place, stored.bytes), (StoredIn::Lane, event.bytes));
    /// # Ok(())
    /// # }
    /// ```
    fn event(&self, tenant: &TenantId, id: EventId) -> impl Future<Output = Result<Option<StoredEvent>>> + Send;

    /// Prevents an event that waits for its time. Its id stays taken as long as ids are remembered.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Cancellation, Due, Outgoing, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let mut event = Outgoing::unchecked("acme".parse()?, "invoice.reminded".parse()?, "{}");
    /// event.due = Some(Due::After(Duration::from_secs(60)));
    /// transport.publish(vec![event.clone()]).await?;
    /// assert_eq!(transport.admin().cancel(&event.tenant, event.id).await?, Cancellation::Cancelled);
    /// assert_eq!(transport.admin().cancel(&event.tenant, event.id).await?, Cancellation::AlreadyCancelled);
    /// # Ok(())
    /// # }
    /// ```
    fn cancel(&self, tenant: &TenantId, id: EventId) -> impl Future<Output = Result<Cancellation>> + Send;

    /// How many events wait for their time: of one tenant, or in all.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// assert_eq!(MemoryTransport::new().admin().count_scheduled(None).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn count_scheduled(&self, tenant: Option<&TenantId>) -> impl Future<Output = Result<u64>> + Send;

    /// How much waits for a subscription, by lane and tenant; of one tenant only, if one is named. It may be an estimate,
    /// and then says so: what it costs is bounded, and it reads no event.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// transport.publish(vec![Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}")]).await?;
    /// let depths = transport.admin().depths(&"billing/ledger".parse()?, None).await?;
    /// assert_eq!((depths.total.ready, depths.of_tenant("acme").ready), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    fn depths(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> impl Future<Output = Result<Depths>> + Send;

    /// Dead letters of a subscription, the oldest first; of one tenant only, if one is named. `after` is the `next` of
    /// the page before. `most` is 1 to 1,000.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, DeadReason, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// # let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    /// # source.settle(vec![Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// let page = transport.admin().dead_letters(&ledger, None, None, 100).await?;
    /// assert_eq!((page.letters.len(), page.next), (1, None));
    /// # Ok(())
    /// # }
    /// ```
    fn dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> impl Future<Output = Result<DeadLetterPage>> + Send;

    /// One dead letter.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, DeadReason, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// # let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    /// # source.settle(vec![Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// let letter = transport.admin().dead_letter(&ledger, &(event.tenant, event.id).into()).await?;
    /// assert_eq!(letter.unwrap().bytes, event.bytes);
    /// # Ok(())
    /// # }
    /// ```
    fn dead_letter(
        &self,
        subscription: &SubscriptionId,
        letter: &LetterKey,
    ) -> impl Future<Output = Result<Option<DeadLetter>>> + Send;

    /// How many dead letters a subscription has; of one tenant only, if one is named.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, DeadReason, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// # let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    /// # source.settle(vec![Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert_eq!(transport.admin().count_dead_letters(&ledger, None).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    fn count_dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Gives dead letters back to their subscription, and to no other: same id, same bytes, attempts from 0. Answers
    /// how many of them were there.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, DeadReason, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// # let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    /// # source.settle(vec![Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert_eq!(transport.admin().replay(&ledger, vec![(event.tenant, event.id).into()]).await?, 1);
    /// assert_eq!(source.fetch(1).await?[0].bytes, event.bytes);
    /// # Ok(())
    /// # }
    /// ```
    fn replay(
        &self,
        subscription: &SubscriptionId,
        letters: Vec<LetterKey>,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Deletes dead letters with their bytes, for good; answers how many of them were there. Their events stay failed as
    /// long as their status is known, and the books count them as purged.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, DeadReason, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// # let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
    /// # source.settle(vec![Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert_eq!(transport.admin().purge(&ledger, vec![(event.tenant, event.id).into()]).await?, 1);
    /// assert_eq!(transport.admin().books(&ledger).await?.purged, 1);
    /// # Ok(())
    /// # }
    /// ```
    fn purge(&self, subscription: &SubscriptionId, letters: Vec<LetterKey>)
    -> impl Future<Output = Result<u64>> + Send;

    /// Removes a subscription for good: its registration and its position, what it has not settled, its retries and dead
    /// letters, its state and all that was counted of it. Answers its books as they were. Nothing else ever does so, and
    /// no other subscription is touched.
    ///
    /// What is published afterwards is not stored for it; the status of old events does not name it any more. Whoever
    /// opens a source of that name again begins a new subscription: where both happen at once, the removal is refused, or
    /// the source begins anew when it is done. If it ends in an error, or its process dies, it may be half done: calling
    /// again finishes it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered;
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) while a replica of it is alive, a job works on its dead letters,
    /// or another call removes it.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert!(transport.admin().remove(&ledger).await.is_err()); // it is being read
    /// source.close().await?;
    /// assert_eq!(transport.admin().remove(&ledger).await?.ready, 1);
    /// assert!(transport.admin().books(&ledger).await.is_err()); // nobody has that name any more
    /// # Ok(())
    /// # }
    /// ```
    fn remove(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<Books>> + Send;

    /// Keeps a subscription's dead letters, or those of one tenant, for one job of many calls: `None` if they are the
    /// holder's from now on for so long, else how long another holds them at most. A holder that asks again renews.
    ///
    /// It keeps jobs from each other and nothing else: no other call asks who holds the letters. What is held of one
    /// tenant and what is held of all have nothing to do with each other.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// let (admin, lease) = (transport.admin(), Duration::from_secs(5));
    /// assert_eq!(admin.hold_letters(&ledger, None, "me", lease).await?, None);
    /// assert!(admin.hold_letters(&ledger, None, "you", lease).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    fn hold_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
        lease: Duration,
    ) -> impl Future<Output = Result<Option<Duration>>> + Send;

    /// Ends what [`hold_letters`](Admin::hold_letters) began, if it is the holder's still.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// let (admin, lease) = (transport.admin(), Duration::from_secs(5));
    /// admin.hold_letters(&ledger, None, "me", lease).await?;
    /// admin.free_letters(&ledger, None, "me").await?;
    /// assert_eq!(admin.hold_letters(&ledger, None, "you", lease).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    fn free_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        holder: &str,
    ) -> impl Future<Output = Result<()>> + Send;

    /// What became of all that was stored for a subscription. Exact while nothing moves; else each number is of its own
    /// moment.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// let books = transport.admin().books(&ledger).await?;
    /// assert!(books.balanced() && books.ready == 1);
    /// # Ok(())
    /// # }
    /// ```
    fn books(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<Books>> + Send;

    /// How many replicas of a subscription are alive. One counts before it joins, and until it closes; one whose process
    /// died without closing it counts for some seconds longer.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert_eq!(transport.admin().replicas(&ledger).await?.alive, 1);
    /// source.close().await?;
    /// assert_eq!(transport.admin().replicas(&ledger).await?.alive, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn replicas(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<Replicas>> + Send;

    /// Which subscriptions are registered, of all services, by name; and whether anybody reads them. `after` is the
    /// `next` of the page before. `most` is 1 to 1,000.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if `most` is out of range.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let _source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
    /// let page = transport.admin().subscriptions(None, 100).await?;
    /// assert_eq!((page.subscriptions[0].replicas.alive, page.next), (1, None));
    /// # Ok(())
    /// # }
    /// ```
    fn subscriptions(
        &self,
        after: Option<String>,
        most: usize,
    ) -> impl Future<Output = Result<SubscriptionPage>> + Send;

    /// Adds what this process has counted since it was last asked: one answer for each, in their order. An `Err` says
    /// that it was not added, or that nobody knows, as where a connection is cut before the answer comes; whoever is told
    /// so adds it again, so what is counted is counted at least once after a fault, and once without any. What was added
    /// must have an `Ok`, whatever became of the others.
    ///
    /// # Cancel safety
    /// If dropped, it is unknown what was added.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, CounterDelta, Counters, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let counters = Counters { published: 3, ..Counters::default() };
    /// let told = transport.admin().add_counters(vec![CounterDelta { tenant: "acme".parse()?, counters }]).await;
    /// assert!(told[0].is_ok());
    /// assert_eq!(transport.admin().counters(None).await?.published, 3);
    /// # Ok(())
    /// # }
    /// ```
    fn add_counters(&self, deltas: Vec<CounterDelta>) -> impl Future<Output = Vec<Result<()>>> + Send;

    /// Adds how long deliveries took in this process since it was last asked: answers as
    /// [`add_counters`](Self::add_counters) does, and [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for each of a
    /// subscription that is not registered, of which nothing is added.
    ///
    /// # Cancel safety
    /// If dropped, it is unknown what was added.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Latency, LatencyDelta, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
    /// let mut latency = Latency::default();
    /// latency.handling.count_in(10, 3);
    /// let (subscription, event_type) = ("billing/ledger".parse()?, Some("invoice.paid".parse()?));
    /// let delta = LatencyDelta { subscription, tenant: None, event_type, latency };
    /// assert!(transport.admin().add_latencies(vec![delta]).await[0].is_ok());
    /// assert_eq!(transport.admin().latencies(&"billing/ledger".parse()?, None).await?.all().handling.count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> impl Future<Output = Vec<Result<()>>> + Send;

    /// How long a subscription's deliveries took in all processes; of one tenant only, if one is named. For tenants whose
    /// latencies no process counts apart, there are none.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
    /// assert!(transport.admin().latencies(&"billing/ledger".parse()?, None).await?.all().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    fn latencies(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> impl Future<Output = Result<Latencies>> + Send;

    /// Counters over all processes: of one tenant, or of the whole bus.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// assert_eq!(transport.admin().counters(Some(&"acme".parse()?)).await?.handled, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn counters(&self, tenant: Option<&TenantId>) -> impl Future<Output = Result<Counters>> + Send;

    /// What is known of the events of a correlation of a tenant: at most [`MOST_TRACED`](super::MOST_TRACED), in any order.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Outgoing, TraceLink, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let link = TraceLink { correlation: "import-7".into(), cause: None };
    /// let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// transport.publish(vec![Outgoing { trace: Some(link), ..event.clone() }]).await?;
    /// assert_eq!(transport.admin().trace(&event.tenant, "import-7").await?[0].id, event.id);
    /// # Ok(())
    /// # }
    /// ```
    fn trace(&self, tenant: &TenantId, correlation: &str) -> impl Future<Output = Result<Vec<Traced>>> + Send;

    /// Pauses or resumes a subscription for all its replicas, now and to come; answers whether that changed anything.
    /// Lasts until the opposite is said.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert!(transport.admin().set_paused(&ledger, true).await?);
    /// assert!(!transport.admin().set_paused(&ledger, true).await?); // it is paused already
    /// # Ok(())
    /// # }
    /// ```
    fn set_paused(&self, subscription: &SubscriptionId, paused: bool) -> impl Future<Output = Result<bool>> + Send;

    /// Limits how many deliveries are handed out in a time to all replicas together, or no longer; answers whether that
    /// changed anything. Holds until another limit is set here, or a source is opened with another limit than the last,
    /// whose revision is not older.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered;
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the limit is out of its range.
    ///
    /// ```
    /// use tekup_core::{RateLimit, memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let ledger = "billing/ledger".parse()?;
    /// assert!(transport.admin().set_rate_limit(&ledger, Some(RateLimit::per_second(100))).await?);
    /// # Ok(())
    /// # }
    /// ```
    fn set_rate_limit(
        &self,
        subscription: &SubscriptionId,
        limit: Option<RateLimit>,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Whether a subscription is paused, and its rate limit.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// assert_eq!(transport.admin().state(&"billing/ledger".parse()?).await?.rate_limit, None);
    /// # Ok(())
    /// # }
    /// ```
    fn state(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<SubscriptionState>> + Send;

    /// What is registered of a subscription: the patterns and tenants that hold, and the lanes that are still drained.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no such subscription is registered.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// let source = transport.open(spec.clone()).await?;
    /// assert_eq!(transport.admin().registration(&spec.id).await?.patterns, spec.patterns);
    /// # Ok(())
    /// # }
    /// ```
    fn registration(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<Registration>> + Send;

    /// Keeps a record of an action, under its [id](AdminAction::id): a new one, at this time of the store's clock; or, if
    /// there is one, what is new of it in its place. The first time that it says how it [ended](AdminAction::end) is the time
    /// of that. Of more than [10,000](crate::audit::MOST_RECORDS) the oldest go. It is kept though the store is full.
    ///
    /// ```
    /// use tekup_core::{audit::{ActionKind, AdminAction}, memory::MemoryTransport, transport::{Admin, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let admin = MemoryTransport::new().admin();
    /// admin.record(&AdminAction::new(ActionKind::Pause, "ada", "billing".parse()?)).await?;
    /// assert_eq!(admin.audit(None, None, None, 100).await?.records.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    fn record(&self, action: &AdminAction) -> impl Future<Output = Result<()>> + Send;

    /// Actions of operators and audited events, the newest first; of one kind only, and of one tenant only, if named.
    /// `after` is the `next` of the page before, whatever was recorded since. `most` is 1 to 1,000.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let admin = MemoryTransport::new().admin();
    /// assert!(admin.audit(None, None, None, 100).await?.records.is_empty());
    /// assert!(admin.audit(None, None, None, 0).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    fn audit(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> impl Future<Output = Result<AuditPage>> + Send;

    /// What opening a source would do, and changes nothing.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Joining, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// assert_eq!(transport.admin().preview(&spec).await?.joining, Joining::New);
    /// assert!(transport.admin().registration(&spec.id).await.is_err()); // it is none yet
    /// # Ok(())
    /// # }
    /// ```
    fn preview(&self, spec: &SourceSpec) -> impl Future<Output = Result<Preview>> + Send;
}
