//! The bell: scripts ring it when there is something to read, so that nobody has to ask.
//!
//! A ring may be lost, so nothing depends on one: after each new subscription to the bell, and every few seconds, every
//! source looks for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tekup_core::Result;
use tokio::{
    sync::{Notify, mpsc},
    task::AbortHandle,
};

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

/// Bells of one kind, and who listens to them.
struct Tower {
    /// Channel → partition.
    channels: HashMap<Vec<u8>, usize>,
    ears: Mutex<Vec<Weak<dyn Ear>>>,
}

impl Tower {
    fn new(channels: impl Iterator<Item = String>) -> Self {
        let channels = channels.enumerate().map(|(partition, channel)| (channel.into_bytes(), partition));
        Self { channels: channels.collect(), ears: Mutex::default() }
    }

    fn ears(&self) -> MutexGuard<'_, Vec<Weak<dyn Ear>>> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, ear: Weak<dyn Ear>) {
        let mut ears = self.ears();
        ears.retain(|ear| ear.strong_count() > 0);
        ears.push(ear);
    }

    fn has_listeners(&self) -> bool {
        self.ears().iter().any(|ear| ear.strong_count() > 0)
    }

    fn tell(&self, what: impl Fn(&dyn Ear)) {
        self.ears().iter().filter_map(Weak::upgrade).for_each(|ear| what(&*ear));
    }
}

/// Listens for all of a process, over one connection: to what readers want to hear of only while there are readers, for
/// every publish rings that bell.
pub(crate) struct Bell {
    towers: Arc<Towers>,
    task: AbortHandle,
}

struct Towers {
    /// For those who read.
    readers: Tower,
    /// For the one who publishes what comes due.
    alarms: Tower,
    /// Somebody new listens.
    changed: Notify,
}

impl Bell {
    pub(crate) fn start(server: Arc<Server>, partitions: &[PartitionKeys]) -> Self {
        let readers = Tower::new(partitions.iter().map(PartitionKeys::bell));
        let alarms = Tower::new(partitions.iter().map(PartitionKeys::later_bell));
        let towers = Arc::new(Towers { readers, alarms, changed: Notify::new() });
        let listener = Listener { server, towers: towers.clone() };
        let task = tokio::spawn(listener.run()).abort_handle();
        Self { towers, task }
    }

    /// From now on, for as long as the ear lives; it is told to look everywhere when the bell can be heard.
    pub(crate) fn listen(&self, ear: Weak<dyn Ear>) {
        self.towers.readers.listen(ear);
        self.towers.changed.notify_one();
    }

    /// As [`listen`](Self::listen), to nothing but earlier times of events that wait for theirs.
    pub(crate) fn listen_for_alarms(&self, ear: Weak<dyn Ear>) {
        self.towers.alarms.listen(ear);
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Listener {
    server: Arc<Server>,
    towers: Arc<Towers>,
}

/// A connection on which rings come.
struct Line {
    link: MultiplexedConnection,
    heard: mpsc::UnboundedReceiver<PushInfo>,
    /// Whether it is subscribed to the bell of readers.
    hears_readers: bool,
}

impl Listener {
    async fn run(self) {
        let mut failures = 0;
        loop {
            match self.connect().await {
                Ok(line) => {
                    failures = 0;
                    if let Err(error) = self.listen(line).await {
                        tracing::debug!(%error, "the bell is not heard any more");
                    }
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

    async fn connect(&self) -> Result<Line> {
        let (pushes, heard) = mpsc::unbounded_channel();
        let link = self.server.connect_for_pushes(pushes).await?;
        let mut line = Line { link, heard, hears_readers: false };
        self.subscribe(&mut line, "SSUBSCRIBE", &self.towers.alarms).await?;
        self.towers.alarms.tell(|ear| ear.look_everywhere());
        Ok(line)
    }

    async fn subscribe(&self, line: &mut Line, how: &str, tower: &Tower) -> Result<()> {
        for channel in tower.channels.keys() {
            let answer = line.link.send_packed_command(redis::cmd(how).arg(channel)).await;
            let answer = answer.map_err(|error| self.server.error(error))?;
            if let Value::ServerError(refused) = answer {
                return Err(error::from_answer(refused, self.server.address()));
            }
        }
        Ok(())
    }

    /// Until the connection is of no more use.
    async fn listen(&self, mut line: Line) -> Result<()> {
        loop {
            self.turn_to_readers(&mut line).await?;
            tokio::select! {
                push = line.heard.recv() => match push {
                    Some(PushInfo { kind: PushKind::SMessage, data }) => self.ring(&data),
                    Some(PushInfo { kind: PushKind::Disconnection, .. }) | None => return Ok(()),
                    // Where nobody asked for that, the slot has moved.
                    Some(PushInfo { kind: PushKind::SUnsubscribe, .. }) if line.hears_readers => return Ok(()),
                    Some(_) => {}
                },
                () = self.towers.changed.notified() => {}
                () = tokio::time::sleep(PING_EVERY) => {
                    let pong = line.link.send_packed_command(&redis::cmd("PING")).await;
                    pong.map_err(|error| self.server.error(error))?;
                }
            }
        }
    }

    /// Listens to the bell of readers if there are any, and to nothing of theirs if there are none.
    async fn turn_to_readers(&self, line: &mut Line) -> Result<()> {
        let readers = &self.towers.readers;
        let wanted = readers.has_listeners();
        if std::mem::replace(&mut line.hears_readers, wanted) == wanted {
            return Ok(());
        }
        self.subscribe(line, if wanted { "SSUBSCRIBE" } else { "SUNSUBSCRIBE" }, readers).await?;
        readers.tell(|ear| ear.look_everywhere());
        Ok(())
    }

    fn ring(&self, data: &[Value]) {
        let [Value::BulkString(channel), Value::BulkString(text)] = data else { return };
        let Some(ring) = std::str::from_utf8(text).ok().and_then(Ring::parse) else { return };
        for tower in [&self.towers.readers, &self.towers.alarms] {
            if let Some(partition) = tower.channels.get(channel) {
                tower.tell(|ear| ear.hear(*partition, &ring));
            }
        }
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
