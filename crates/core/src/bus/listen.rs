//! Listening to broadcasts, in this process.

use std::sync::Arc;

use super::{EventBus, core::Core};
use crate::{
    broadcast::{Broadcast, BroadcastHandle, Listener},
    error::Result,
    handler::Incoming,
    transport::FollowSpec,
};

impl EventBus {
    /// Listens to events in this process: every replica that does so hears each of them, from now on. Nothing is kept
    /// for it: see [`Broadcast`].
    ///
    /// # Errors
    /// Every mistake of the broadcast at once ([`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput));
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if this bus listens to one of the same name already;
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the transport has no broadcasts.
    ///
    /// # Cancel safety
    /// If dropped, nothing is listened to.
    ///
    /// ```
    /// use tekup_core::{Broadcast, EventBus, RawEvent};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("shop")?;
    /// let cache = || Broadcast::matching("cache", "price.*").handler(async |_: RawEvent, _| ());
    /// bus.listen(cache()).await?;
    /// assert!(bus.listen(cache()).await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn listen<E: Incoming>(&self, broadcast: Broadcast<E>) -> Result<BroadcastHandle> {
        let (settings, router) = broadcast.build(&self.0.config, Arc::clone(&self.0.checks))?;
        self.0.expect_open()?;
        Core::flush_in_background(&self.0);
        let patterns = settings.patterns.clone();
        let listener = Arc::new(Listener::new(self.clone(), settings, router));
        let follower = self.0.transport.follow(FollowSpec::new(listener.id().clone(), patterns)).await?;
        if self.0.listeners.begin(&listener, follower)? {
            return Ok(BroadcastHandle::new(self.clone(), listener));
        }
        Err(Core::closed())
    }

    pub(crate) async fn stop_listening(&self, name: impl AsRef<str>) -> Result<()> {
        let listening = self.0.listeners.remove(name.as_ref())?;
        // In a task of its own, so that dropping this future does not leave it half stopped.
        let _stopped = tokio::spawn(listening.stop(self.0.config.shutdown_grace)).await;
        Ok(())
    }
}
