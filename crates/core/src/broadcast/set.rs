use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::task::JoinHandle;

use super::Listener;
use crate::{
    error::{Error, ErrorKind, Result},
    sync::lock,
    transport::Follower,
};

/// The listeners of this process.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<State>);

#[derive(Default)]
struct State {
    closed: bool,
    by_name: BTreeMap<String, Listening>,
}

/// A listener at work, to be stopped.
pub(crate) struct Listening {
    listener: Arc<Listener>,
    task: JoinHandle<()>,
}

impl Listeners {
    /// Lets a listener begin; `false` if no further one is taken.
    pub(crate) fn begin(&self, listener: &Arc<Listener>, follower: Box<dyn Follower>) -> Result<bool> {
        let mut state = lock(&self.0);
        if state.closed {
            return Ok(false);
        }
        let name = listener.id().name().to_string();
        match state.by_name.entry(name) {
            Entry::Occupied(taken) => {
                let message = format!("two broadcasts of this process are named `{}`: rename one of them", taken.key());
                Err(Error::new(ErrorKind::Conflict, message))
            }
            Entry::Vacant(free) => {
                let task = tokio::spawn(Arc::clone(listener).run(follower));
                free.insert(Listening { listener: Arc::clone(listener), task });
                Ok(true)
            }
        }
    }

    pub(crate) fn remove(&self, name: &str) -> Result<Listening> {
        lock(&self.0).by_name.remove(name).ok_or_else(|| {
            let message = format!("no broadcast `{name}` is listened to in this process: it was stopped before");
            Error::new(ErrorKind::NotFound, message)
        })
    }

    /// No further listener is taken; those that there are, are handed out to be stopped.
    pub(crate) fn close(&self) -> Vec<Listening> {
        let mut state = lock(&self.0);
        state.closed = true;
        std::mem::take(&mut state.by_name).into_values().collect()
    }
}

impl Listening {
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.listener.stop();
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            tracing::warn!(broadcast = %self.listener.id(), "handlers were cancelled at the end of the grace period");
            self.task.abort();
        }
    }
}
