/// What a transport can do. Picks the behaviours of the conformance suite; what is declared absent must answer
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
///
/// ```
/// use tekup_core::transport::Capabilities;
///
/// let capabilities = Capabilities { survives_processes: true, ..Capabilities::default() };
/// assert!(!capabilities.paused_time);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The same id of the same tenant is stored once.
    pub dedupe: bool,
    /// Where an event stands can be asked, and what caused it.
    pub status: bool,
    /// Dead letters can be listed and replayed.
    pub dead_letters: bool,
    /// Events can be followed without a subscription.
    pub broadcast: bool,
    /// What is stored outlives the process.
    pub survives_processes: bool,
    /// Time is tokio's, so that tests can pause it.
    pub paused_time: bool,
}

impl Default for Capabilities {
    /// What every transport is expected to do.
    fn default() -> Self {
        Self {
            dedupe: true,
            status: true,
            dead_letters: true,
            broadcast: true,
            survives_processes: false,
            paused_time: false,
        }
    }
}
