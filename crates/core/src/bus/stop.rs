//! Stopping in order.

use super::EventBus;
use crate::{error::Result, signals::asked_to_stop};

impl EventBus {
    /// Waits for SIGTERM or SIGINT, then shuts down in order.
    ///
    /// A second signal ends the process at once, wherever it stands, and even if handlers block all of its threads: with
    /// exit code 143 for SIGTERM, and 130 for SIGINT. No destructor runs; what was begun is handled again when its lease
    /// ends. A process that returns from here and can't end has the same way out. For a program that must not be ended so
    /// there is [`shutdown`](EventBus::shutdown).
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if signals can't be listened to; those of [`shutdown`](EventBus::shutdown).
    ///
    /// # Cancel safety
    /// If dropped, this process still takes both signals for itself: the next one ends nothing, unless this is called again,
    /// and the one after it ends the process at once.
    ///
    /// ```
    /// use tekup_core::EventBus;
    ///
    /// async fn serve(bus: EventBus) -> tekup_core::Result<()> {
    ///     bus.run_until_signal().await
    /// }
    /// # drop(serve);
    /// ```
    pub async fn run_until_signal(&self) -> Result<()> {
        asked_to_stop()?.await;
        tracing::info!(service = %self.service(), "stopping; a second signal leaves at once");
        self.shutdown().await
    }

    /// Stops all subscriptions of this bus: no event is started any more, those not started go to the replicas at once,
    /// and those started have the configured grace period to finish. Further calls of this bus are refused. A store that does
    /// not answer makes it longer by 5 s at most.
    ///
    /// # Errors
    /// Those of the store, for what was counted last; the subscriptions are stopped all the same.
    ///
    /// # Cancel safety
    /// If dropped, the subscriptions go on stopping on their own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_core::EventBus::in_memory("crm")?;
    /// bus.shutdown().await?;
    /// assert!(bus.counters().await.is_ok()); // looking is still allowed
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) -> Result<()> {
        self.0.shutdown().await
    }
}
