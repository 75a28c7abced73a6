//! The seam: what stores and moves events.
//!
//! *Policy* is this crate's: outcomes, delays, giving up, filters, timeouts, priorities, metrics. *Storage and atomic
//! moves* are the transport's. A transport implements three small traits: [`Transport`], [`Source`] (what a
//! subscription reads from) and [`Admin`]. Batches are the primitive; a single event is a batch of one.
//!
//! Every transport passes the same conformance suite, chosen by the [`Capabilities`] that it declares.

mod admin;
mod capabilities;
mod delivery;
mod due;
mod erased;
mod follow;
mod letter_key;
mod loss;
mod outgoing;
mod settlement;
mod spec;
mod start_at;
mod state;
mod trace;

use std::{future::Future, time::Duration};

use tokio::sync::watch;

pub use admin::{
    Books, CounterDelta, Counters, DeadLetter, DeadLetterPage, DeadReason, EventStatus, Stage, SubscriptionStatus,
};
pub use capabilities::Capabilities;
pub use delivery::{Delivery, DeliveryRef, Start};
pub use due::{Cancellation, Due};
pub(crate) use erased::{DynAdmin, DynSource, DynTransport};
pub use follow::{FollowSpec, Followed, Follower};
pub use letter_key::LetterKey;
pub use loss::{Loss, Losses};
pub use outgoing::{Outgoing, Receipt};
pub use settlement::{Settled, Settlement, Verdict};
pub(crate) use spec::IDEMPOTENCY;
pub use spec::SourceSpec;
pub use start_at::StartAt;
pub use state::SubscriptionState;
pub use trace::{LONGEST_CORRELATION, MOST_TRACED, TraceLink, Traced};

pub use crate::metrics::{EndToEndTimes, HandlingTimes, Histogram, Latencies, Latency, LatencyDelta};
use crate::{
    error::{Error, Result},
    ids::{EventId, SubscriptionId, TenantId},
    rate_limit::RateLimit,
};

/// What stores and moves events.
///
/// A transport is a cheap handle: it is shared by all clones of a bus, and by several buses of one process.
///
/// # Contract
/// - **Publish** answers for each event in the order of the batch. `Ok` means stored at the transport's durability;
///   from then on every source that was opened before, and whose patterns match, will be given the event. The same id of
///   the same tenant is stored once within the dedupe window. A batch may fail in part: each event has its own result.
///   An error of the whole call means that nothing is known: publishing again with the same ids is safe.
/// - **Later**: an event with a [`Due`] is stored, and its id taken, at once. When its time has come it is published to
///   every source that was opened before that, in the order of times, whoever published it lives or not. Until then it
///   can be [cancelled](Admin::cancel).
/// - **Cancel safety**: dropping the future of `publish` leaves it unknown which events are stored; all else is safe to
///   drop, unless said otherwise.
/// - **Order**: first deliveries of one tenant, type and priority come in the order in which they were stored.
/// - No call panics on what it reads from storage or network.
///
/// ```
/// use tekup_core::{memory::MemoryTransport, transport::Transport};
///
/// let transport = MemoryTransport::new();
/// assert!(transport.capabilities().dedupe);
/// ```
pub trait Transport: Send + Sync + 'static {
    /// What a subscription reads from.
    type Source: Source;
    /// What operators ask of the store.
    type Admin: Admin;

    /// What this transport can do.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// assert!(MemoryTransport::new().capabilities().status);
    /// # Ok(())
    /// # }
    /// ```
    fn capabilities(&self) -> Capabilities;

    /// Stores a batch: one result for each event, in their order.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Outgoing, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// let receipts = transport.publish(vec![event.clone(), event]).await?;
    /// assert!(!receipts[0].as_ref().unwrap().duplicate && receipts[1].as_ref().unwrap().duplicate);
    /// # Ok(())
    /// # }
    /// ```
    fn publish(&self, batch: Vec<Outgoing>) -> impl Future<Output = Result<Vec<Result<Receipt>>>> + Send;

    /// Registers a durable subscription, if it is new, and begins to read from it as one of its replicas.
    ///
    /// When it returns, every event that is published later and matches will be stored for the subscription, until the
    /// subscription is removed for good; ending the process or closing the source keeps it. One that is registered for
    /// the first time begins where [`SourceSpec::start_at`] says; else that has no effect.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// let source = transport.open(spec).await?;
    /// source.close().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn open(&self, spec: SourceSpec) -> impl Future<Output = Result<Self::Source>> + Send;

    /// Begins to read along, without being a subscription: every event that is stored when this has returned, and
    /// matches, will be read or counted as missed. What is dropped ends it.
    ///
    /// A transport that can't, and says so by [`Capabilities::broadcast`], leaves this as it is:
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{FollowSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let follower = transport.follow(FollowSpec::new("shop/cache".parse()?, vec!["price.*".parse()?])).await?;
    /// # drop(follower);
    /// # Ok(())
    /// # }
    /// ```
    fn follow(&self, spec: FollowSpec) -> impl Future<Output = Result<Box<dyn Follower>>> + Send {
        let message = format!("broadcast `{}` can't be listened to: this transport has none", spec.id);
        std::future::ready(Err(Error::new(crate::ErrorKind::Unsupported, message)))
    }

    /// The operator's side.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// assert_eq!(transport.admin().counters(None).await?.published, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn admin(&self) -> Self::Admin;

    /// Which part of the store a tenant's events are in. Events of one partition share a call at the least cost, so the
    /// bus asks which of those that are published at once should leave together.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// assert_eq!(MemoryTransport::new().partition_of(&"acme".parse()?), 0); // there is only one
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    fn partition_of(&self, _tenant: &TenantId) -> usize {
        0
    }

    /// The runtime on which leases are renewed, where that is not the caller's: a handler that blocks its thread must
    /// not block renewal.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// assert!(MemoryTransport::new().renewal_runtime().is_none()); // the caller's
    /// # Ok(())
    /// # }
    /// ```
    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        None
    }
}

/// What one replica of a subscription reads from.
///
/// # Contract
/// - Everything fetched or started belongs to this replica until it is settled, its lease ends, or the source closes.
/// - [`settle`](Source::settle) is fenced: a verdict of a replica that lost the lease answers
///   [`Settled::LeaseLost`] and changes nothing, except [`Verdict::Ack`] and [`Verdict::Skip`], which may count (whoever finished the work may
///   say so). What is moved (retry, dead letter) is stored at its target before it leaves its source.
/// - With [`SourceSpec::idempotency`], [`Verdict::Ack`] is remembered for that time, also if it answers `LeaseLost`; what
///   comes again meanwhile is fetched or started as [`Start::Finished`].
/// - An error of the whole `settle` call means that nothing is known; the caller may repeat it, and a verdict that did
///   take effect then answers `LeaseLost`.
///
/// ```
/// use tekup_core::transport::{Settlement, Source, Verdict};
///
/// /// What a subscription does in the simplest case.
/// async fn drain<S: Source>(source: &S) -> tekup_core::Result<()> {
///     for delivery in source.fetch(100).await? {
///         println!("{}", delivery.id);
///         let (held, id, tenant) = (delivery.held, delivery.id, delivery.tenant);
///         source.settle(vec![Settlement { held, id, tenant, verdict: Verdict::Ack }]).await?;
///     }
///     Ok(())
/// }
/// # drop(drain::<tekup_core::memory::MemorySource>);
/// ```
pub trait Source: Send + Sync + 'static {
    /// Waits until there is at least one delivery, and returns at most `most` of them: by weight from the highest
    /// priority to the lowest, oldest first within a lane.
    ///
    /// Gives nothing while the subscription is paused, and goes on at once when it is resumed; gives no more than its rate
    /// limit allows, over all replicas. Returns at once, with nothing, if `most` is 0. Returns what it has, or an empty batch, after [`interrupt`](Source::interrupt), and
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed) after [`close`](Source::close). Called by one task at a time.
    ///
    /// # Cancel safety
    /// Not cancel safe: a dropped call may leave deliveries assigned to this replica until their lease ends. Use
    /// `interrupt` to make it return.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Outgoing, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// transport.publish(vec![event.clone()]).await?;
    /// let batch = source.fetch(10).await?;
    /// assert_eq!((batch.len(), batch[0].id), (1, event.id));
    /// # Ok(())
    /// # }
    /// ```
    fn fetch(&self, most: usize) -> impl Future<Output = Result<Vec<Delivery>>> + Send;

    /// Makes the present or, if none waits, the next `fetch` return at once.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// source.interrupt();
    /// assert!(source.fetch(10).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    fn interrupt(&self);

    /// Starts a delivery that was taken over from a dead replica ([`Start::TakenOver`]): raises its count of starts and
    /// returns it with its content, or `None` if it belongs to another replica by now or is gone.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{DeliveryRef, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// // Only what was taken over is started; anything else is as lost as what another replica has.
    /// let held = DeliveryRef { lane: 0, epoch: 0, entry: (7, 0), starts: 1 };
    /// assert!(source.start(held).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    fn start(&self, delivery: DeliveryRef) -> impl Future<Output = Result<Option<Delivery>>> + Send;

    /// Ends deliveries: one answer for each, in their order.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Outgoing, Settled, Settlement, Source, SourceSpec, Transport, Verdict}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// let done = Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict: Verdict::Ack };
    /// assert_eq!(source.settle(vec![done.clone()]).await?, [Settled::Done]);
    /// assert_eq!(source.settle(vec![done]).await?, [Settled::LeaseLost]); // it is finished
    /// # Ok(())
    /// # }
    /// ```
    fn settle(&self, batch: Vec<Settlement>) -> impl Future<Output = Result<Vec<Settled>>> + Send;

    /// Renews the leases of what this replica still holds; answers which it has lost, in any order.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Outgoing, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// # let event = Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}");
    /// # transport.publish(vec![event.clone()]).await?;
    /// # let delivery = source.fetch(1).await?.remove(0);
    /// assert!(source.renew(vec![delivery.held]).await?.is_empty()); // nothing was lost
    /// # Ok(())
    /// # }
    /// ```
    fn renew(&self, held: Vec<DeliveryRef>) -> impl Future<Output = Result<Vec<DeliveryRef>>> + Send;

    /// The subscription's state as this replica knows it, and what wakes whoever waits for another. Known when the source
    /// is opened; a change is known within 100 ms, or, where its announcement was lost, a few seconds.
    ///
    /// Whoever handles what was fetched heeds a pause: what is not started is released.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// let state = source.state();
    /// assert!(!state.borrow().is_paused());
    /// transport.admin().set_paused(&"billing/ledger".parse()?, true).await?;
    /// assert!(state.borrow().is_paused());
    /// # Ok(())
    /// # }
    /// ```
    fn state(&self) -> watch::Receiver<SubscriptionState>;

    /// Leaves as a replica; the subscription stays. What is held and not settled is left to its lease.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// source.close().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn close(&self) -> impl Future<Output = Result<()>> + Send;

    /// What the store has lost of the subscription, and this replica has made anew while it read.
    ///
    /// A source mends what it can, and `fetch` goes on: that is no error. What can't be mended is
    /// [`ErrorKind::SubscriptionLost`](crate::ErrorKind::SubscriptionLost).
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// assert_eq!(source.losses().count, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn losses(&self) -> Losses {
        Losses::default()
    }
}

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

    /// Adds what this process has counted since it was last asked.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Admin, CounterDelta, Counters, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// let counters = Counters { published: 3, ..Counters::default() };
    /// transport.admin().add_counters(vec![CounterDelta { tenant: "acme".parse()?, counters }]).await?;
    /// assert_eq!(transport.admin().counters(None).await?.published, 3);
    /// # Ok(())
    /// # }
    /// ```
    fn add_counters(&self, deltas: Vec<CounterDelta>) -> impl Future<Output = Result<()>> + Send;

    /// Adds how long deliveries took in this process since it was last asked.
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
    /// transport.admin().add_latencies(vec![LatencyDelta { subscription, tenant: None, event_type, latency }]).await?;
    /// assert_eq!(transport.admin().latencies(&"billing/ledger".parse()?, None).await?.all().handling.count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    fn add_latencies(&self, deltas: Vec<LatencyDelta>) -> impl Future<Output = Result<()>> + Send;

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

    /// What is known of the events of a correlation of a tenant: at most [`MOST_TRACED`], in any order.
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
    /// changed anything. Holds until another limit is set here, or a source is opened with another limit than the last.
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
}
