//! The thread on which leases are renewed: a handler that blocks its own must not cost it its lease.

use tekup_core::{Error, ErrorKind, Result};
use tokio::{runtime::Handle, sync::oneshot};

/// A thread with a runtime of its own; both end when this is dropped.
pub(crate) struct RenewalThread {
    handle: Handle,
    /// Its loss is what ends the thread.
    _running: oneshot::Sender<()>,
}

impl RenewalThread {
    pub(crate) fn start() -> Result<Self> {
        let failed = |cause: std::io::Error| {
            Error::new(
                ErrorKind::Internal,
                "no thread could be started to renew leases: check the limits of the process",
            )
            .with_source(cause)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel::<()>();
        let work = move || {
            // An error is the sender's end.
            let _ = runtime.block_on(stopped);
        };
        std::thread::Builder::new().name("tekup-renewal".into()).spawn(work).map_err(failed)?;
        Ok(Self { handle, _running: running })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
