//! A connection that is never given up: what breaks is replaced, once, for all who share it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{Cmd, Pipeline, RedisError, Value, aio::MultiplexedConnection};
use tekup_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::{
    error::{self, Class},
    scripts,
    server::Server,
};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A multiplexed connection under supervision: cheap to clone, shared by many calls at once.
///
/// Any timeout, cut, or read-only answer gives the connection up; the next call makes a new one, and calls that come at
/// once share the attempt. Every call of the bus may be repeated without harm, so one that fails because the connection
/// had been cut while it was idle is sent once more.
///
/// # Cancel safety
/// A dropped call may still take effect on the server; the connection stays usable.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Inner>);

struct Inner {
    server: Arc<Server>,
    live: Mutex<Option<Live>>,
    /// Held while one attempt to connect is under way.
    attempts: tokio::sync::Mutex<Attempts>,
}

/// A connection that worked when last used.
#[derive(Clone)]
pub(crate) struct Live {
    link: MultiplexedConnection,
    serial: u64,
    epoch: u32,
}

#[derive(Default)]
struct Attempts {
    made: u64,
    /// Whether one has succeeded.
    has_connected: bool,
    failed_in_a_row: u32,
    not_before: Option<Instant>,
    last: Option<(ErrorKind, String)>,
}

impl Live {
    /// The life of the server that the connection belongs to.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl Connection {
    /// Connects at the first call.
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self(Arc::new(Inner { server, live: Mutex::default(), attempts: tokio::sync::Mutex::default() }))
    }

    /// The server's address, without secrets.
    pub(crate) fn server(&self) -> &Server {
        &self.0.server
    }

    /// The connection as it is now; makes one if there is none.
    pub(crate) async fn live(&self) -> Result<Live> {
        match self.current() {
            Some(live) => Ok(live),
            None => self.reconnect().await,
        }
    }

    /// One command or script, whose answer is an error if Redis says so.
    pub(crate) async fn one(&self, cmd: Cmd) -> Result<Value> {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(cmd);
        self.all(pipeline).await?.pop().unwrap_or_else(|| Err(error::unexpected("a command")))
    }

    /// All commands in one round trip: an answer for each.
    pub(crate) async fn all(&self, pipeline: Pipeline) -> Result<Vec<Result<Value>>> {
        let live = self.live().await?;
        self.all_on(live, pipeline, true).await
    }

    /// The connection as it is now, unless it belongs to an older life of the server than `epoch`: then a new one.
    pub(crate) async fn live_since(&self, epoch: u32) -> Result<Live> {
        let live = self.live().await?;
        if live.epoch >= epoch {
            return Ok(live);
        }
        self.give_up(live.serial);
        self.reconnect().await
    }

    /// All commands on this very connection; if it turns out to have been cut, on the next one: of the same life of the
    /// server, unless `any_epoch` is set.
    ///
    /// # Errors
    /// [`ErrorKind::LeaseLost`] if that life is over.
    pub(crate) async fn all_on(&self, live: Live, pipeline: Pipeline, any_epoch: bool) -> Result<Vec<Result<Value>>> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let epoch = live.epoch;
        let sent = match self.send(live, &pipeline).await {
            Err(error) if error.is_connection_dropped() => {
                let again = self.live().await?;
                if !any_epoch && again.epoch != epoch {
                    let message = "Redis was restarted or replaced: what was held is given up";
                    return Err(Error::new(ErrorKind::LeaseLost, message).with_source(error));
                }
                self.send(again, &pipeline).await
            }
            sent => sent,
        };
        let values = sent.map_err(|error| self.0.server.error(error))?;
        Ok(values.into_iter().map(|value| self.answer(value)).collect())
    }

    fn answer(&self, value: Value) -> Result<Value> {
        match value {
            Value::ServerError(answer) => Err(error::from_answer(answer, self.0.server.address())),
            value => Ok(value),
        }
    }

    /// Sends, and sends again with their text what scripts the server did not know.
    async fn send(&self, mut live: Live, pipeline: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let sent = live.link.send_packed_commands(pipeline, 0, pipeline.len()).await;
        let mut values = match sent {
            Ok(values) => values,
            Err(error) => {
                if error::class_of(&error) == Class::Reconnect {
                    self.give_up(live.serial);
                }
                return Err(error);
            }
        };
        let mut unknown = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let Value::ServerError(answer) = value else { continue };
            match error::class_of_answer(answer) {
                Class::NoScript => unknown.push(index),
                Class::Reconnect => self.give_up(live.serial),
                _ => {}
            }
        }
        if !unknown.is_empty() {
            self.send_texts(&mut live, pipeline, &unknown, &mut values).await?;
        }
        Ok(values)
    }

    async fn send_texts(
        &self,
        live: &mut Live,
        pipeline: &Pipeline,
        unknown: &[usize],
        values: &mut [Value],
    ) -> Result<(), RedisError> {
        let mut again = Pipeline::with_capacity(unknown.len());
        let mut places = Vec::with_capacity(unknown.len());
        for (index, cmd) in pipeline.cmd_iter().enumerate() {
            if unknown.binary_search(&index).is_err() {
                continue;
            }
            let Some(with_text) = scripts::with_text(cmd) else { continue };
            again.add_command(with_text);
            places.push(index);
        }
        let answers = live.link.send_packed_commands(&again, 0, again.len()).await?;
        for (place, answer) in places.into_iter().zip(answers) {
            if let Some(value) = values.get_mut(place) {
                *value = answer;
            }
        }
        Ok(())
    }

    /// Forgets a connection of an older life of the server than any connection has seen: deliveries read over one are
    /// settled over another, so all must belong to one life. A life may end without a connection being cut.
    fn current(&self) -> Option<Live> {
        let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| live.epoch < self.0.server.epoch()) {
            *live = None;
        }
        live.clone()
    }

    /// Forgets the connection, unless another call has replaced it already.
    fn give_up(&self, serial: u64) {
        let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| live.serial == serial) {
            *live = None;
        }
    }

    async fn reconnect(&self) -> Result<Live> {
        let seen = self.0.attempts.try_lock().ok().map(|attempts| attempts.made);
        let mut attempts = self.0.attempts.lock().await;
        if let Some(live) = self.current() {
            return Ok(live);
        }
        // Whoever waited for another's attempt shares its end, so that an outage is not tried once per caller.
        if seen != Some(attempts.made)
            && let Some((kind, message)) = &attempts.last
        {
            return Err(Error::new(*kind, message.clone()));
        }
        if let Some(not_before) = attempts.not_before {
            tokio::time::sleep_until(not_before).await;
        }
        attempts.made += 1;
        match self.0.server.connect().await {
            Ok((link, epoch)) => Ok(self.install(&mut attempts, link, epoch)),
            Err(error) => {
                attempts.failed(&error);
                Err(error)
            }
        }
    }

    fn install(&self, attempts: &mut Attempts, link: MultiplexedConnection, epoch: u32) -> Live {
        let live = Live { link, serial: attempts.made, epoch };
        if attempts.has_connected {
            self.0.server.note_reconnect();
        }
        *attempts = Attempts { made: attempts.made, has_connected: true, ..Attempts::default() };
        *self.0.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        live
    }
}

impl Attempts {
    fn failed(&mut self, error: &Error) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.not_before = Some(Instant::now() + pause(self.failed_in_a_row));
        self.last = Some((error.kind(), error.to_string()));
    }
}

/// How long to wait after so many failures in a row: up to double each time, with full jitter, so that processes that
/// lost one server do not come back at once.
pub(crate) fn pause(failures: u32) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    most.mul_f64(fastrand::f64())
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.0.server).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_jittered() {
        for failures in [1, 5, 100, u32::MAX] {
            assert!((0..100).all(|_| pause(failures) <= LONGEST_PAUSE));
        }
        assert!((0..100).all(|_| pause(1) <= FIRST_PAUSE * 2));
        assert!((0..1_000).any(|_| pause(20) > LONGEST_PAUSE / 2));
    }
}
