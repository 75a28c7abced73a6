use std::{fs, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_core::{EventBus, EventId, Result, TekupEvent};

use crate::{
    job::{Job, Task},
    orders::Orders,
    world::JOBS,
};

/// What a worker does once, instead of handling jobs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Errand {
    PublishLater(Duration),
    Cancel(EventId),
    Resume,
    /// Removes the jobs for good.
    Remove,
}

impl Errand {
    /// Leaves word of it.
    pub(crate) async fn run(self, bus: &EventBus, orders: &Orders) -> Result<()> {
        let word = match self {
            Self::PublishLater(delay) => {
                bus.publish(Job { task: Task::Pass }.event("acme").delay(delay)).await?.id.to_string()
            }
            Self::Cancel(id) => bus.cancel("acme", id).await?.to_string(),
            Self::Resume => bus.resume(JOBS).await?.to_string(),
            Self::Remove => bus.removal(JOBS).await?.confirm(JOBS).await?.dead.to_string(),
        };
        fs::write(orders.word(), word).unwrap();
        Ok(())
    }
}
