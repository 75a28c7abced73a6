//! The seam: what stores and moves events.
//!
//! *Policy* is this crate's: outcomes, delays, giving up, filters, timeouts, priorities, metrics. *Storage and atomic
//! moves* are the transport's. A transport implements three small traits: [`Transport`], [`Source`] (what a
//! subscription reads from) and [`Admin`]. Batches are the primitive; a single event is a batch of one.
//!
//! Every transport passes the same conformance suite, chosen by the [`Capabilities`] that it declares.

mod admin;
mod books;
mod capabilities;
mod counters;
mod dead_letter;
mod delivery;
mod depths;
mod due;
mod erased;
mod event_status;
mod follow;
mod joining;
mod letter_key;
mod loss;
mod outgoing;
mod policy;
mod preview;
mod registration;
mod replicas;
mod settlement;
mod source;
mod spec;
mod start_at;
mod state;
mod stored_event;
mod subscriptions;
mod trace;

use std::future::Future;

pub use admin::Admin;
pub use books::Books;
pub use capabilities::Capabilities;
pub use counters::{CounterDelta, Counters};
pub use dead_letter::{DeadLetter, DeadLetterPage, DeadReason};
pub use delivery::{Delivery, DeliveryRef, Start};
pub use depths::{Depth, Depths, LaneDepth, TenantDepth};
pub use due::{Cancellation, Due};
pub(crate) use erased::{DynAdmin, DynSource, DynTransport};
pub use event_status::{EventStatus, Stage, SubscriptionStatus};
pub use follow::{FollowSpec, Followed, Follower};
pub use joining::Joining;
pub use letter_key::LetterKey;
pub use loss::{Loss, Losses};
pub use outgoing::{Outgoing, Receipt};
pub use policy::Policy;
pub use preview::Preview;
pub use registration::{Draining, Registration};
pub use replicas::Replicas;
pub use settlement::{Settled, Settlement, Verdict};
pub use source::Source;
pub use spec::SourceSpec;
pub(crate) use spec::{IDEMPOTENCY, LARGEST_REVISION};
pub use start_at::StartAt;
pub use state::SubscriptionState;
pub use stored_event::{StoredEvent, StoredIn};
pub use subscriptions::{ListedSubscription, SubscriptionPage};
pub use trace::{LONGEST_CORRELATION, MOST_TRACED, TraceLink, Traced};

pub use crate::metrics::{EndToEndTimes, HandlingTimes, Histogram, Latencies, Latency, LatencyDelta};
use crate::{
    error::{Error, Result},
    health::{Part, Vital},
    ids::TenantId,
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
    /// What it takes is registered for all replicas, and changes as [`Joining`] says. A type that it takes no more is
    /// drained: replicas that are opened later read it until nothing is left, and so do those that read it already. What
    /// it takes from now on begins now. A replica whose lists are not those registered reads what both take, and never
    /// registers its own again.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict), with nothing changed, if two deploys of one revision disagree, about
    /// their rate limit too.
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

    /// What spans call the store, as `messaging.system` of OpenTelemetry's conventions: a lower-case word.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// assert_eq!(MemoryTransport::new().system(), "memory");
    /// ```
    fn system(&self) -> &'static str {
        "other"
    }

    /// Where the store is, as `server.address` and `server.port` of OpenTelemetry's conventions: a host and its port, or the
    /// path of a socket. Without secrets; `None` where there is no server.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// assert_eq!(MemoryTransport::new().server(), None);
    /// ```
    fn server(&self) -> Option<(String, Option<u16>)> {
        None
    }

    /// How it is with what this transport does by itself, whatever is subscribed to: health tells who has ended or gets
    /// nothing done. One that does nothing by itself leaves this as it is.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Transport}};
    ///
    /// assert!(MemoryTransport::new().vitals().is_empty());
    /// ```
    fn vitals(&self) -> Vec<(Part, Vital)> {
        Vec::new()
    }

    /// How often it has made a connection to its store anew since it began. One that has none leaves this as it is.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::Transport};
    ///
    /// assert_eq!(MemoryTransport::new().reconnects(), 0);
    /// ```
    fn reconnects(&self) -> u64 {
        0
    }
}
