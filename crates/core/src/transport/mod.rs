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
mod erased;
mod outgoing;
mod settlement;
mod spec;

use std::future::Future;

pub use admin::{
    Books, CounterDelta, Counters, DeadLetter, DeadLetterPage, DeadReason, EventStatus, Stage, SubscriptionStatus,
};
pub use capabilities::Capabilities;
pub use delivery::{Delivery, DeliveryRef, Start};
pub(crate) use erased::{DynAdmin, DynSource, DynTransport};
pub use outgoing::{Outgoing, Receipt};
pub use settlement::{Settled, Settlement, Verdict};
pub use spec::SourceSpec;

use crate::{
    error::Result,
    ids::{EventId, SubscriptionId, TenantId},
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
    fn capabilities(&self) -> Capabilities;

    /// Stores a batch: one result for each event, in their order.
    fn publish(&self, batch: Vec<Outgoing>) -> impl Future<Output = Result<Vec<Result<Receipt>>>> + Send;

    /// Registers a durable subscription, if it is new, and begins to read from it as one of its replicas.
    ///
    /// When it returns, every event that is published later and matches will be stored for the subscription, until the
    /// subscription is removed for good; ending the process or closing the source keeps it.
    fn open(&self, spec: SourceSpec) -> impl Future<Output = Result<Self::Source>> + Send;

    /// The operator's side.
    fn admin(&self) -> Self::Admin;

    /// The runtime on which leases are renewed, where that is not the caller's: a handler that blocks its thread must
    /// not block renewal.
    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        None
    }
}

/// What one replica of a subscription reads from.
///
/// # Contract
/// - Everything fetched or started belongs to this replica until it is settled, its lease ends, or the source closes.
/// - [`settle`](Source::settle) is fenced: a verdict of a replica that lost the lease answers
///   [`Settled::LeaseLost`] and changes nothing, except [`Verdict::Ack`], which may count (whoever finished the work may
///   say so). What is moved (retry, dead letter) is stored at its target before it leaves its source.
/// - An error of the whole `settle` call means that nothing is known; the caller may repeat it, and a verdict that did
///   take effect then answers `LeaseLost`.
pub trait Source: Send + Sync + 'static {
    /// Waits until there is at least one delivery, and returns at most `most` of them: by weight from the highest
    /// priority to the lowest, oldest first within a lane.
    ///
    /// Returns an empty batch after [`interrupt`](Source::interrupt). Called by one task at a time.
    ///
    /// # Cancel safety
    /// Not cancel safe: a dropped call may leave deliveries assigned to this replica until their lease ends. Use
    /// `interrupt` to make it return.
    fn fetch(&self, most: usize) -> impl Future<Output = Result<Vec<Delivery>>> + Send;

    /// Makes the present or, if none waits, the next `fetch` return at once.
    fn interrupt(&self);

    /// Starts a delivery that was taken over from a dead replica ([`Start::TakenOver`]): raises its count of starts and
    /// returns it with its content, or `None` if it belongs to another replica by now or is gone.
    fn start(&self, delivery: DeliveryRef) -> impl Future<Output = Result<Option<Delivery>>> + Send;

    /// Ends deliveries: one answer for each, in their order.
    fn settle(&self, batch: Vec<Settlement>) -> impl Future<Output = Result<Vec<Settled>>> + Send;

    /// Renews the leases of what this replica still holds; answers which it has lost, in any order.
    fn renew(&self, held: Vec<DeliveryRef>) -> impl Future<Output = Result<Vec<DeliveryRef>>> + Send;

    /// Leaves as a replica; the subscription stays. What is held and not settled is left to its lease.
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
}

/// What operators ask of the store. Each call is bounded: lists come in pages.
pub trait Admin: Send + Sync + 'static {
    /// Where an event stands, overall and for each subscription.
    fn status(&self, tenant: &TenantId, id: EventId) -> impl Future<Output = Result<EventStatus>> + Send;

    /// Dead letters of a subscription, the oldest first; of one tenant only, if one is named. `after` is the `next` of
    /// the page before. `most` is 1 to 1,000.
    fn dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> impl Future<Output = Result<DeadLetterPage>> + Send;

    /// One dead letter.
    fn dead_letter(
        &self,
        subscription: &SubscriptionId,
        tenant: &TenantId,
        id: EventId,
    ) -> impl Future<Output = Result<Option<DeadLetter>>> + Send;

    /// How many dead letters a subscription has; of one tenant only, if one is named.
    fn count_dead_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Gives dead letters back to their subscription, and to no other: same id, same bytes, attempts from 0. Answers
    /// how many of them were there.
    fn replay(
        &self,
        subscription: &SubscriptionId,
        letters: Vec<(TenantId, EventId)>,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// What became of all that was stored for a subscription. Exact while nothing moves; else each number is of its own
    /// moment.
    fn books(&self, subscription: &SubscriptionId) -> impl Future<Output = Result<Books>> + Send;

    /// Adds what this process has counted since it was last asked.
    fn add_counters(&self, deltas: Vec<CounterDelta>) -> impl Future<Output = Result<()>> + Send;

    /// Counters over all processes: of one tenant, or of the whole bus.
    fn counters(&self, tenant: Option<&TenantId>) -> impl Future<Output = Result<Counters>> + Send;
}
