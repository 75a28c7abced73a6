//! The transport that needs no server: events live in this process.
//!
//! It is no mock. It has the lanes, leases, retries, dead letters, status and replay of the others and passes the same
//! conformance suite; what it lacks is a life beyond the process. Time is tokio's, so that a test with a paused clock
//! decides when a lease ends or a retry is due.
//!
//! How it differs: the bus is one partition, an event is queued for each subscription when it is stored, and what the
//! last of them has settled is gone at once. Ids are kept for 24 hours, to know duplicates and to answer for their
//! status, but of the newest million events at most. When a subscription has a million deliveries to settle, what it
//! would get too is refused with [`ErrorKind::Backpressure`](crate::ErrorKind::Backpressure) (see [`MemoryTransport::with_backlog_limit`]).

mod admin;
mod audit;
mod backlog;
mod bucket;
mod clock;
mod counters;
mod depths;
mod finished;
mod followers;
mod held;
mod index;
mod item;
mod lane_limit;
mod lanes;
mod latencies;
mod letter_holds;
mod letters;
mod ready;
mod registration;
mod removal;
mod retained;
mod schedule;
mod shelf;
mod source;
mod store;
mod subscription;
mod traces;
mod turn;
mod waiting;

#[cfg(test)]
mod tests;

pub use admin::MemoryAdmin;
pub use backlog::{Backlog, Unsettled};
pub use source::MemorySource;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use store::Store;
use tokio::task::{consume_budget, yield_now};

use crate::{
    error::Result,
    transport::{Capabilities, FollowSpec, Follower, Outgoing, Receipt, SourceSpec, Transport},
};

/// Stores and moves events within this process. A cheap handle: its clones are one store, for any number of buses and
/// services.
///
/// ```
/// use tekup_core::{EventId, Priority, memory::MemoryTransport};
/// use tekup_core::transport::{Outgoing, Source, SourceSpec, Transport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let transport = MemoryTransport::new();
/// let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?])).await?;
/// transport.publish(vec![Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}")]).await?;
/// assert_eq!(source.fetch(10).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryTransport(Arc<Shared>);

/// The store behind its lock, which is never held over an await.
struct Shared(Mutex<Store>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Store> {
        // Each change is complete before anything that could panic, so what a panic left behind is sound.
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.publish_due();
        store
    }
}

impl Default for MemoryTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryTransport {
    /// An empty store of its own.
    ///
    /// ```
    /// use tekup_core::memory::MemoryTransport;
    /// assert!(MemoryTransport::new().backlog().is_idle());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_backlog_limit(1_000_000)
    }

    /// An empty store of its own, in which at most so many deliveries, 1 at least, wait for one subscription, held ones and
    /// retries included. When it has so many, an event that it takes is refused with [`ErrorKind::Backpressure`](crate::ErrorKind::Backpressure) and stored for
    /// nobody.
    ///
    /// ```
    /// # use tekup_core::{ErrorKind, transport::{Outgoing, SourceSpec, Transport}};
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let transport = MemoryTransport::with_backlog_limit(1);
    /// transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["*".parse()?])).await?;
    ///
    /// let event = || Ok::<_, tekup_core::Error>(Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}"));
    /// let receipts = transport.publish(vec![event()?, event()?]).await?;
    /// assert!(receipts[0].is_ok());
    /// assert_eq!(receipts[1].as_ref().unwrap_err().kind(), ErrorKind::Backpressure);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_backlog_limit(most: usize) -> Self {
        Self(Arc::new(Shared(Mutex::new(Store::new(most.max(1))))))
    }

    /// The same store, in which a lane (the events of one type and priority) holds at most so many events for each
    /// subscription from now on, waiting or held: above that the oldest are dropped, counted, and logged.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) unless it is 1 at least.
    ///
    /// ```
    /// # use tekup_core::transport::{Admin, Outgoing, SourceSpec, Transport};
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let transport = MemoryTransport::new().max_lane_length(1)?;
    /// transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["*".parse()?])).await?;
    ///
    /// let event = || Ok::<_, tekup_core::Error>(Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}"));
    /// transport.publish(vec![event()?, event()?, event()?]).await?;
    /// let books = transport.admin().books(&"billing/ledger".parse()?).await?;
    /// assert_eq!((books.ready, books.dropped), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_lane_length(self, events: usize) -> Result<Self> {
        self.0.lock().lane_limit.set(events)?;
        Ok(self)
    }

    /// The same store, which keeps events for so long after all have settled them from now on: for subscriptions that
    /// [start](crate::Subscription::start_at) in the past.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for more than 365 days.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// assert!(MemoryTransport::new().retention(Duration::from_secs(3_600)).is_ok());
    /// ```
    pub fn retention(self, keep: Duration) -> Result<Self> {
        self.0.lock().retained.keep_for(keep)?;
        Ok(self)
    }

    /// The same store, in which a lane keeps at most so many events because of its retention.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) unless it is 1 at least.
    ///
    /// ```
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// assert!(MemoryTransport::new().retention_length(10_000).is_ok());
    /// assert!(MemoryTransport::new().retention_length(0).is_err());
    /// ```
    pub fn retention_length(self, events: usize) -> Result<Self> {
        self.0.lock().retained.keep_at_most(events)?;
        Ok(self)
    }

    /// What the subscriptions that are being read have before them at this moment.
    ///
    /// ```
    /// # use tekup_core::transport::{Outgoing, SourceSpec, Transport};
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["*".parse()?])).await?;
    /// # transport.publish(vec![Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}")]).await?;
    /// assert_eq!(transport.backlog().ready, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.0.lock().backlog()
    }

    /// Lets the other tasks of the runtime work until nothing is ready or held, for at most so many turns; answers what
    /// is left, if something is.
    ///
    /// It never waits for time to pass: with a paused clock no time passes meanwhile, and what is due later is left
    /// alone. Meant for tests, on tokio's current-thread runtime. Cancel safe.
    ///
    /// # Errors
    /// The [`Backlog`] that is left after the last turn.
    ///
    /// ```
    /// # use tekup_core::transport::{Outgoing, SourceSpec, Transport};
    /// use tekup_core::memory::MemoryTransport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let source = transport.open(SourceSpec::new("billing/ledger".parse()?, vec!["*".parse()?])).await?;
    /// assert!(transport.idle(10).await.is_ok());
    ///
    /// transport.publish(vec![Outgoing::unchecked("acme".parse()?, "invoice.paid".parse()?, "{}")]).await?;
    /// let left = transport.idle(10).await.unwrap_err();
    /// assert_eq!(left.first.unwrap().event_type.as_str(), "invoice.paid");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn idle(&self, turns: usize) -> Result<(), Backlog> {
        for _ in 0..turns {
            if self.backlog().is_idle() {
                return Ok(());
            }
            yield_now().await;
        }
        let left = self.backlog();
        if left.is_idle() { Ok(()) } else { Err(left) }
    }
}

impl Transport for MemoryTransport {
    type Source = MemorySource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        Capabilities { paused_time: true, ..Capabilities::default() }
    }

    fn system(&self) -> &'static str {
        "memory"
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        // A publisher in a loop must leave some of the thread to those who read.
        consume_budget().await;
        Ok(self.0.lock().publish(batch))
    }

    async fn open(&self, spec: SourceSpec) -> Result<MemorySource> {
        spec.check()?;
        MemorySource::open(Arc::clone(&self.0), spec)
    }

    async fn follow(&self, spec: FollowSpec) -> Result<Box<dyn Follower>> {
        Ok(Box::new(self.0.lock().followers.add(spec.patterns, Arc::clone(&self.0))))
    }

    fn admin(&self) -> MemoryAdmin {
        MemoryAdmin::new(Arc::clone(&self.0))
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("MemoryTransport");
        match self.0.0.try_lock() {
            Ok(store) => out.field("subscriptions", &store.overview()).finish(),
            Err(_) => out.finish_non_exhaustive(),
        }
    }
}
