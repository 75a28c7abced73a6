use std::{sync::Arc, time::Duration};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::core::Core;
use crate::{
    config::BusConfig,
    error::{Error, ErrorKind, Result},
};

/// How much may be on its way to the store in calls that publishers share: so many events, and so many bytes.
pub(super) struct Room {
    events: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    most_events: usize,
    most_bytes: u32,
    patience: Duration,
}

/// What one event takes, given back when dropped.
pub(super) struct Space {
    _event: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(config: &BusConfig) -> Self {
        let most_events = config.publish_buffer_events;
        let most_bytes = u32::try_from(config.publish_buffer_bytes).unwrap_or(u32::MAX);
        Self {
            events: Arc::new(Semaphore::new(most_events)),
            bytes: Arc::new(Semaphore::new(most_bytes as usize)),
            most_events,
            most_bytes,
            patience: config.publish_wait,
        }
    }

    /// Waits its turn for room, but not for ever. An event that is larger than all room takes all of it.
    ///
    /// # Cancel safety
    /// Cancel safe: the room that was waited for goes to the next.
    pub(super) async fn take(&self, bytes: usize) -> Result<Space> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.most_bytes);
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
        let event = Arc::clone(&self.events).try_acquire_owned().ok()?;
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok()?;
        Some(Space { _event: event, _bytes: bytes })
    }

    async fn in_turn(&self, bytes: u32) -> Result<Space, AcquireError> {
        let event = Arc::clone(&self.events).acquire_owned().await?;
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(bytes).await?;
        Ok(Space { _event: event, _bytes: bytes })
    }

    /// Whoever waits for room is told that the bus is shut down.
    pub(super) fn close(&self) {
        self.events.close();
        self.bytes.close();
    }

    fn full(&self) -> Error {
        let Self { most_events, most_bytes, patience, .. } = self;
        let message = format!(
            "{most_events} events or {most_bytes} bytes are on their way to the store already, and no room was left within \
             {patience:?}: nothing was stored; publish fewer at once or in batches, wait longer (publishWaitMs), or allow \
             more (publishBufferEvents, publishBufferBytes)"
        );
        Error::new(ErrorKind::Backpressure, message)
    }
}
