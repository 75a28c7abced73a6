use std::{future::Future, time::Duration};

use tekup_core::{EventType, Result, transport::Transport};
use tokio::runtime::{Builder, Runtime};

/// What the suite must know of a transport: how to get an empty store, and what time means to it.
///
/// The durations have defaults for a transport that lives in real time. One whose time can be paused takes long ones,
/// since they cost it nothing.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::{Result, memory::MemoryTransport};
/// use tekup_testkit::conformance::{Harness, paused_runtime};
///
/// struct Memory(MemoryTransport);
///
/// impl Harness for Memory {
///     type Transport = MemoryTransport;
///
///     async fn fresh() -> Result<Self> {
///         Ok(Self(MemoryTransport::new()))
///     }
///     async fn transport(&self) -> Result<MemoryTransport> {
///         Ok(self.0.clone())
///     }
///     fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
///         paused_runtime()
///     }
///     fn lease() -> Duration {
///         Duration::from_secs(30)
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let lent = Memory::runtime()?.block_on(async { Memory::fresh().await?.transport().await });
/// assert!(lent.is_ok());
/// # Ok(())
/// # }
/// ```
pub trait Harness: Sized + Send + Sync + 'static {
    /// The transport under test.
    type Transport: Transport;

    /// An empty store that no other test sees.
    fn fresh() -> impl Future<Output = Result<Self>> + Send;

    /// One more handle on the store, as another process would have.
    fn transport(&self) -> impl Future<Output = Result<Self::Transport>> + Send;

    /// The runtime of one test.
    fn runtime() -> std::io::Result<Runtime> {
        Builder::new_multi_thread().worker_threads(2).enable_all().build()
    }

    /// Lets time pass. With a paused clock this is instant; else it waits.
    fn advance(&self, by: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(by)
    }

    /// Stores bytes in the lane of a type as a stranger would: without an id, a tenant or anything else that the
    /// transport writes. Answers whether its store has such a back door at all.
    fn smuggle(&self, _event_type: &EventType, _bytes: &[u8]) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(false) }
    }

    /// A handle on the store as of a process that limits how many events a lane may hold, if there is such a limit.
    fn limited(&self, _max_lane_length: usize) -> impl Future<Output = Result<Option<Self::Transport>>> + Send {
        async { Ok(None) }
    }

    /// A handle on the store as of a process that keeps events for so long after all have settled them, and at most so many
    /// in a lane, if its transport can.
    fn retaining(
        &self,
        _keep: Duration,
        _length: Option<usize>,
    ) -> impl Future<Output = Result<Option<Self::Transport>>> + Send {
        async { Ok(None) }
    }

    /// Loses what the store holds, as a careless operator would. Answers whether its store can lose that at all.
    fn lose(&self, _what: Lost) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(false) }
    }

    /// A short lease, for the tests that let one end.
    fn lease() -> Duration {
        Duration::from_secs(1)
    }

    /// A short delay of a retry.
    fn delay() -> Duration {
        Duration::from_millis(400)
    }

    /// How long nothing must come before the suite believes that nothing will.
    fn quiet() -> Duration {
        Duration::from_millis(200)
    }

    /// The longest that something may take which has no reason to wait.
    fn soon() -> Duration {
        Duration::from_secs(2)
    }
}

/// What a store may be made to lose.
///
/// ```
/// use tekup_testkit::conformance::Lost;
/// assert_ne!(Lost::Everything, Lost::Places);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// All that it holds.
    Everything,
    /// How far each subscription has come, but no event.
    Places,
}

/// A runtime whose clock stands still until nothing is left to do, for transports on tokio's time.
///
/// # Errors
/// As [`Builder::build`].
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let runtime = tekup_testkit::conformance::paused_runtime()?;
/// runtime.block_on(async { tokio::time::sleep(std::time::Duration::from_secs(86_400)).await });
/// # Ok(())
/// # }
/// ```
pub fn paused_runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().start_paused(true).build()
}
