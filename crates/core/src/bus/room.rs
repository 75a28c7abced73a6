use std::{sync::Arc, time::Duration};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::core::Core;
use crate::{
    config::BusConfig,
    error::{Error, ErrorKind, Result},
};

/// How much may be on its way to the store in calls that publishers share: so many events, and so many bytes. One measure
/// holds both, since an event takes its bytes, and no less than its even share of them.
pub(super) struct Room {
    bytes: Arc<Semaphore>,
    all: u32,
    share: u32,
    config: (usize, usize),
    patience: Duration,
}

/// What one event takes, or several, given back when dropped.
pub(super) struct Space(OwnedSemaphorePermit);

impl Space {
    /// Given back at once is cheaper than one by one.
    pub(super) fn and(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

impl Room {
    pub(super) fn new(config: &BusConfig) -> Self {
        let (events, bytes) = (config.publish_buffer_events, config.publish_buffer_bytes);
        let within = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let share = (bytes / events.max(1)).max(1);
        let all = within((share * events).min(bytes));
        Self {
            bytes: Arc::new(Semaphore::new(all as usize)),
            all,
            share: within(share),
            config: (events, bytes),
            patience: config.publish_wait,
        }
    }

    /// Waits its turn for room, but not for ever. An event that is larger than all room takes all of it.
    ///
    /// # Cancel safety
    /// Cancel safe: the room that was waited for goes to the next.
    pub(super) async fn take(&self, bytes: usize) -> Result<Space> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).max(self.share).min(self.all);
        // Mostly there is room, and no timer is needed.
        if let Some(space) = self.at_once(bytes) {
            return Ok(space);
        }
        match tokio::time::timeout(self.patience, self.in_turn(bytes)).await {
            Ok(space) => space.map_err(|_| Core::closed()),
            Err(_) => Err(self.full()),
        }
    }

    /// Nothing, if others wait already.
    fn at_once(&self, bytes: u32) -> Option<Space> {
        Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok().map(Space)
    }

    async fn in_turn(&self, bytes: u32) -> Result<Space, AcquireError> {
        Arc::clone(&self.bytes).acquire_many_owned(bytes).await.map(Space)
    }

    /// Whoever waits for room is told that the bus is shut down.
    pub(super) fn close(&self) {
        self.bytes.close();
    }

    fn full(&self) -> Error {
        let Self { config: (most_events, most_bytes), patience, .. } = self;
        let message = format!(
            "so much is on its way to the store already that of the room for {most_events} events and {most_bytes} bytes \
             nothing was left within {patience:?}: nothing was stored; publish fewer at once or in batches, wait longer (publishWaitMs), or allow \
             more (publishBufferEvents, publishBufferBytes)"
        );
        Error::new(ErrorKind::Backpressure, message)
    }
}
