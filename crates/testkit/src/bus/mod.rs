//! A bus for tests: within the process, on a clock that the test moves, with a record of all that happened.

mod assertions;
mod diff;
mod records;
mod run_batch_handler;
mod run_handler;

pub use records::{DeadLettered, Retried};
pub use run_batch_handler::{BatchRun, run_batch_handler};
pub use run_handler::{HandlerRun, run_handler};

use std::{
    future::Future,
    ops::Deref,
    panic::Location,
    sync::Arc,
    time::{Duration, Instant},
};

use tekup_core::{
    BusConfig, Error, ErrorKind, EventBus, Result,
    memory::{Backlog, MemoryTransport},
};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::watched::Watched;
use records::Records;

/// How often the other tasks get their turn before `until_idle` gives up.
const TURNS: usize = 20_000;

/// A bus for tests.
///
/// It runs in memory, on tokio's paused clock: no time passes unless the test lets it, so that nothing is waited for
/// and nothing comes at random. Dereferences to [`EventBus`].
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use std::time::Duration;
/// use tekup_core::{HandlerError, HandlerResult, RetryPolicy, Subscription, TekupEvent};
/// use tekup_testkit::TestBus;
///
/// #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct LeadCreated {
///     score: f64,
/// }
/// #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// struct LeadScored {
///     score: f64,
/// }
///
/// #[tokio::main(flavor = "current_thread")] // in a test: #[tokio::test]
/// async fn main() -> tekup_core::Result<()> {
///     let bus = TestBus::new("crm")?;
///     bus.subscribe(
///         Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(2, Duration::from_secs(60))).handler(
///             async |event, cx| {
///                 if cx.attempt() == 1 {
///                     return Err(HandlerError::from("the model is loading"));
///                 }
///                 cx.publish(LeadScored { score: event.data.score * 2.0 }).await?;
///                 Ok(())
///             },
///         ),
///     )
///     .await?;
///
///     bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
///     bus.until_idle().await;
///     let retried = bus.assert_retried("scoring", &LeadCreated { score: 40.0 });
///     assert_eq!(retried.error, "the model is loading");
///
///     bus.advance(Duration::from_secs(60)).await;
///     bus.assert_published(&LeadScored { score: 80.0 });
///     bus.assert_handled("scoring", &LeadCreated { score: 40.0 });
///     bus.assert_no_dead_letters();
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct TestBus {
    bus: EventBus,
    memory: MemoryTransport,
    records: Arc<Records>,
}

impl TestBus {
    /// A bus with an empty store and the default settings. Pauses the clock, if it is not paused yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the service's name breaks its rule, or outside of a current-thread runtime, which
    /// is what `#[tokio::test]` makes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("billing")?;
    /// assert_eq!(bus.service().as_str(), "billing");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(service: impl Into<String>) -> Result<Self> {
        Self::with_config(BusConfig::new(service))
    }

    /// A bus with an empty store and other settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake of the settings; else as [`TestBus::new`].
    ///
    /// ```
    /// use tekup_core::BusConfig;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let mut config = BusConfig::new("billing");
    /// config.concurrency = 1;
    /// let bus = tekup_testkit::TestBus::with_config(config)?;
    /// assert_eq!(bus.config().concurrency, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_config(config: BusConfig) -> Result<Self> {
        pause_the_clock()?;
        Self::on(MemoryTransport::new(), Arc::default(), config)
    }

    /// One more service on the same store. All assertions see what every service did.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the service's name breaks its rule.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let billing = tekup_testkit::TestBus::new("billing")?;
    /// let mailing = billing.another_service("mailing")?;
    /// assert_eq!(mailing.service().as_str(), "mailing");
    /// # Ok(())
    /// # }
    /// ```
    pub fn another_service(&self, service: impl Into<String>) -> Result<Self> {
        Self::on(self.memory.clone(), Arc::clone(&self.records), BusConfig::new(service))
    }

    fn on(memory: MemoryTransport, records: Arc<Records>, config: BusConfig) -> Result<Self> {
        let bus =
            EventBus::new(config, Watched { transport: Arc::new(memory.clone()), watcher: Arc::clone(&records) })?;
        Ok(Self { bus, memory, records })
    }

    /// The bus, to hand to the code under test.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let test_bus = tekup_testkit::TestBus::new("billing")?;
    /// let bus: tekup_core::EventBus = test_bus.bus().clone();
    /// # drop(bus);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bus(&self) -> &EventBus {
        &self.bus
    }

    /// Lets handlers work until nothing is queued, running or due now. No time passes, and what is due later is not
    /// waited for.
    ///
    /// # Panics
    /// If it does not come to an end: a handler waits for time to pass, for another thread, or publishes without end.
    /// The message names the event.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("billing")?;
    /// bus.until_idle().await;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn until_idle(&self) -> impl Future<Output = ()> + use<'_> {
        let caller = Location::caller();
        async move {
            if let Err(left) = self.memory.idle(TURNS).await {
                crate::fail::fail_at(caller, &never_idle(&left));
            }
        }
    }

    /// Lets time pass, with everything that falls due meanwhile happening at its own moment, in order; then lets handlers
    /// work as far as they come.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("billing")?;
    /// let before = tokio::time::Instant::now();
    /// bus.advance(Duration::from_secs(86_400)).await;
    /// assert!(before.elapsed() >= Duration::from_secs(86_400));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn advance(&self, by: Duration) {
        // A paused clock moves from timer to timer while all sleep: nothing that falls due is jumped over.
        tokio::time::sleep(by).await;
        // A handler may rightly wait for still more time.
        let _may_be_left = self.memory.idle(TURNS).await;
    }
}

impl Deref for TestBus {
    type Target = EventBus;

    fn deref(&self) -> &EventBus {
        &self.bus
    }
}

fn never_idle(left: &Backlog) -> String {
    let which = left.first.as_ref().map_or_else(|| "an event".to_owned(), ToString::to_string);
    format!(
        "the bus does not become idle: {} deliveries run and {} wait, among them {which}.\n\
         If its handler, or a batch that is not full, waits for time to pass, call `advance` instead; if it waits for another thread, let the test \
         wait for that first; if handlers publish in a circle, break it.",
        left.held, left.ready
    )
}

fn pause_the_clock() -> Result<()> {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    if !matches!(flavor, Ok(RuntimeFlavor::CurrentThread)) {
        let message = "a test bus needs a current-thread runtime, whose clock it pauses: use `#[tokio::test]`";
        return Err(Error::new(ErrorKind::InvalidConfig, message));
    }
    if !clock_stands_still() {
        tokio::time::pause();
    }
    Ok(())
}

/// Tokio does not say whether its clock is paused, and pausing it twice is a panic.
fn clock_stands_still() -> bool {
    let (real, seen) = (Instant::now(), tokio::time::Instant::now());
    while real.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == seen
}
