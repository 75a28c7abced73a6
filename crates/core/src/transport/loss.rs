//! What the store has lost, and made anew.

use crate::timestamp::Timestamp;

/// How often the store lost what a subscription reads from, as after `FLUSHALL` on Redis: it was made anew each time.
///
/// ```
/// use tekup_core::{memory::MemoryTransport, transport::{Losses, Source, SourceSpec, Transport}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
/// let source = MemoryTransport::new().open(spec).await?;
/// assert_eq!(source.losses(), Losses::default()); // memory loses nothing
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// How often, as far as this replica tells it: what several replicas lost together is counted by one of them, and what
    /// was lost while none ran by the next that begins.
    pub count: u64,
    /// The last one.
    pub last: Option<Loss>,
}

/// What the store has lost at once.
///
/// ```
/// use tekup_core::{Timestamp, transport::Loss};
///
/// let detail = "lead.created:medium from 0-0".to_owned();
/// let loss = Loss { at: Timestamp::now(), registration: false, lanes: 1, detail };
/// assert!(!loss.registration);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// When that was told, by the clock of this process.
    pub at: Timestamp,
    /// Whether the subscription itself was unknown to the store, as when all was deleted.
    pub registration: bool,
    /// In how many lanes its place was lost.
    pub lanes: usize,
    /// Some of these lanes, and from where they are read again, in the words of the transport.
    pub detail: String,
}
