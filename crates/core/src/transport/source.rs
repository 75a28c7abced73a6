//! What one replica of a subscription reads from.

use std::future::Future;

use tokio::sync::watch;

use super::{Delivery, DeliveryRef, Losses, Settled, Settlement, SubscriptionState};
use crate::{
    error::Result,
    health::{Part, Vital},
};

/// What one replica of a subscription reads from.
///
/// # Contract
/// - Everything fetched or started belongs to this replica until it is settled, its lease ends, or the source closes.
/// - [`settle`](Source::settle) is fenced: a verdict of a replica that lost the lease answers
///   [`Settled::LeaseLost`] and changes nothing, except [`Verdict::Ack`](super::Verdict::Ack) and
///   [`Verdict::Skip`](super::Verdict::Skip), which may count (whoever finished the work may say so). What is moved (retry, dead letter) is stored at its target before it leaves its source.
/// - With [`SourceSpec::idempotency`](super::SourceSpec::idempotency), an `Ack` is remembered for that time, also if it
///   answers `LeaseLost`; what comes again meanwhile is fetched or started as
///   [`Start::Finished`](super::Start::Finished).
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

    /// Starts a delivery that was taken over from a dead replica ([`Start::TakenOver`](super::Start::TakenOver)): raises its count of starts and
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
    /// A source mends what it can, and `fetch` goes on: that is no error. What can't be mended, or was removed for good
    /// meanwhile, is [`ErrorKind::SubscriptionLost`](crate::ErrorKind::SubscriptionLost).
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

    /// How it is with what this source does by itself, besides what is asked of it: health tells who has ended or gets
    /// nothing done. A source that does nothing by itself leaves this as it is.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{Source, SourceSpec, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// # let source = transport.open(spec).await?;
    /// assert!(source.vitals().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    fn vitals(&self) -> Vec<(Part, Vital)> {
        Vec::new()
    }
}
