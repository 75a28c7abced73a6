use std::{fs, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_core::{Context, EventBus, EventId, RawEvent, Result, Subscription, TekupEvent};

use crate::{
    job::{Job, Task},
    ledger::{Ledger, Step},
    orders::Orders,
    world::JOBS,
};

pub(crate) const WATCH: &str = "service/watch";

/// What a worker does once, instead of handling jobs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Errand {
    PublishLater(Duration),
    Cancel(EventId),
    Resume,
    /// Removes the jobs for good.
    Remove,
    /// Takes note of all events of all types from then on.
    Watch,
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
            Self::Watch => watch(bus, orders).await?,
        };
        fs::write(orders.word(), word).unwrap();
        Ok(())
    }
}

async fn watch(bus: &EventBus, orders: &Orders) -> Result<String> {
    let watches = async |orders: Orders, _: RawEvent, cx: Context| {
        Ledger::of(&orders.dir).note(Step::Done, cx.event_id(), cx.attempt(), &orders.name);
    };
    bus.subscribe(Subscription::matching("watch", "*").handler_with(orders.clone(), watches)).await?;
    Ok(WATCH.to_owned())
}
