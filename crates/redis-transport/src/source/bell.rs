//! The bell: scripts ring it when there is something to read, so that nobody has to ask.
//!
//! A ring may be lost, so nothing depends on one: after each new subscription to the bell, and every few seconds, every
//! source looks for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tekup_core::Result;
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{connection, error, keys::PartitionKeys, server::Server};

/// How often a connection that is silent is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(5);

/// What was rung in a partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ring<'text> {
    /// Lanes got entries.
    Lanes(Vec<u32>),
    /// A lane is new.
    NewLane,
    /// The streams of lanes had been deleted: a publisher has made them anew.
    Gone(Vec<u32>),
    /// A group of the subscription was lost, and made anew by somebody else.
    Remade(&'text str),
    /// An event comes earlier than all that wait for their time.
    Scheduled,
    /// Something of the subscription is due earlier than all before.
    Due(&'text str),
    /// Something was handed back to the subscription.
    Released(&'text str),
    /// The subscription's retry stream got entries.
    Retry(&'text str),
    /// The subscription was paused, resumed, or given another rate limit.
    State(&'text str),
    /// The subscription was removed for good, at least a part of it.
    Removed(&'text str),
}

impl<'text> Ring<'text> {
    fn parse(text: &'text str) -> Option<Self> {
        if text == "lanes" {
            return Some(Self::NewLane);
        }
        if text == "due" {
            return Some(Self::Scheduled);
        }
        if let Some(numbers) = text.strip_prefix('l') {
            return numbers_of(numbers).map(Self::Lanes);
        }
        let (what, group) = text.split_once(':')?;
        match what {
            "gone" => numbers_of(group).map(Self::Gone),
            "remade" => Some(Self::Remade(group)),
            "due" => Some(Self::Due(group)),
            "released" => Some(Self::Released(group)),
            "retry" => Some(Self::Retry(group)),
            "state" => Some(Self::State(group)),
            "removed" => Some(Self::Removed(group)),
            _ => None,
        }
    }
}

fn numbers_of(text: &str) -> Option<Vec<u32>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

/// Who listens. Both must be quick: they are called by the one task that listens for all.
pub(crate) trait Ear: Send + Sync {
    /// The bell of a partition was rung.
    fn hear(&self, partition: usize, ring: &Ring<'_>);
    /// Rings may have been missed.
    fn look_everywhere(&self);
}

type Ears = Arc<Mutex<Vec<Weak<dyn Ear>>>>;

/// Listens for all sources of a process, over one connection.
pub(crate) struct Bell {
    ears: Ears,
    task: AbortHandle,
}

impl Bell {
    pub(crate) fn start(server: Arc<Server>, partitions: &[PartitionKeys]) -> Self {
        let ears = Ears::default();
        let channels = partitions.iter().enumerate().map(|(partition, keys)| (keys.bell().into_bytes(), partition));
        let listener = Listener { server, channels: channels.collect(), ears: ears.clone() };
        let task = tokio::spawn(listener.run()).abort_handle();
        Self { ears, task }
    }

    /// From now on, for as long as the ear lives.
    pub(crate) fn listen(&self, ear: Weak<dyn Ear>) {
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.retain(|ear| ear.strong_count() > 0);
        ears.push(ear);
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Listener {
    server: Arc<Server>,
    channels: HashMap<Vec<u8>, usize>,
    ears: Ears,
}

impl Listener {
    async fn run(self) {
        let (mut failures, mut has_connected) = (0, false);
        loop {
            let (pushes, heard) = mpsc::unbounded_channel();
            match self.subscribe(pushes).await {
                Ok(link) => {
                    failures = 0;
                    if std::mem::replace(&mut has_connected, true) {
                        self.server.note_reconnect();
                    }
                    self.tell(|ear| ear.look_everywhere());
                    self.listen(link, heard).await;
                    tracing::debug!(address = self.server.address(), "the connection to the bell was lost");
                }
                Err(error) => {
                    failures += 1;
                    tracing::debug!(%error, "the bell can't be heard yet");
                }
            }
            tokio::time::sleep(connection::pause(failures)).await;
        }
    }

    async fn subscribe(&self, pushes: mpsc::UnboundedSender<PushInfo>) -> Result<MultiplexedConnection> {
        let mut link = self.server.connect_for_pushes(pushes).await?;
        for channel in self.channels.keys() {
            let mut subscribe = redis::cmd("SSUBSCRIBE");
            let answer = link.send_packed_command(subscribe.arg(channel)).await;
            let answer = answer.map_err(|error| self.server.error(error))?;
            if let Value::ServerError(refused) = answer {
                return Err(error::from_answer(refused, self.server.address()));
            }
        }
        Ok(link)
    }

    /// Until the connection is of no more use.
    async fn listen(&self, mut link: MultiplexedConnection, mut heard: mpsc::UnboundedReceiver<PushInfo>) {
        loop {
            match tokio::time::timeout(PING_EVERY, heard.recv()).await {
                Ok(Some(PushInfo { kind: PushKind::SMessage, data })) => self.ring(&data),
                Ok(Some(PushInfo { kind: PushKind::SSubscribe, .. })) => {}
                Ok(Some(PushInfo { kind: PushKind::Disconnection | PushKind::SUnsubscribe, .. }) | None) => return,
                Ok(Some(_)) => {}
                Err(_) => {
                    if link.send_packed_command(&redis::cmd("PING")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn ring(&self, data: &[Value]) {
        let [Value::BulkString(channel), Value::BulkString(text)] = data else { return };
        let Some(partition) = self.channels.get(channel) else { return };
        let Some(ring) = std::str::from_utf8(text).ok().and_then(Ring::parse) else { return };
        self.tell(|ear| ear.hear(*partition, &ring));
    }

    fn tell(&self, what: impl Fn(&dyn Ear)) {
        let ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.iter().filter_map(Weak::upgrade).for_each(|ear| what(&*ear));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_says_what_happened() {
        let table = [
            ("l3", Some(Ring::Lanes(vec![3]))),
            ("l3,17", Some(Ring::Lanes(vec![3, 17]))),
            ("lanes", Some(Ring::NewLane)),
            ("gone:3,17", Some(Ring::Gone(vec![3, 17]))),
            ("gone:x", None),
            ("remade:a/b", Some(Ring::Remade("a/b"))),
            ("due", Some(Ring::Scheduled)),
            ("due:a/b", Some(Ring::Due("a/b"))),
            ("released:a/b", Some(Ring::Released("a/b"))),
            ("retry:a/b", Some(Ring::Retry("a/b"))),
            ("state:a/b", Some(Ring::State("a/b"))),
            ("removed:a/b", Some(Ring::Removed("a/b"))),
            ("l", None),
            ("lx", None),
            ("", None),
            ("other:a/b", None),
        ];
        for (text, ring) in table {
            assert_eq!(Ring::parse(text), ring, "{text}");
        }
    }
}
