//! What a source knows of its subscription's state. It is told by the bell when that changes, and looks every few
//! seconds, for a ring may be lost. Who looks counts as alive.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use redis::Value;
use tekup_core::{RateLimit, Result};

use super::Inner;
use crate::{error, scripts, state};

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a replica counts as alive when it has looked: it may miss two looks.
const ALIVE_MS: u64 = 20_000;
/// How long to leave a server alone that did not answer.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a replica hears that says it lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It counts as alive.
    Counted,
    /// Its subscription is being removed, by somebody who counts as alive for so long yet.
    Removing(Duration),
    /// Its subscription was removed since it began.
    Removed,
}

/// Until it is aborted.
pub(super) async fn follow(inner: Arc<Inner>) {
    loop {
        let wait = match inner.read_state(false).await {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::debug!(subscription = %inner.group, %error, "whether the subscription is paused can't be read yet");
                AFTER_FAILURE
            }
        };
        let wait = wait.mul_f64(1.0 + fastrand::f64() / 4.0);
        let _rung = tokio::time::timeout(wait, inner.wake_state.notified()).await;
    }
}

impl Inner {
    /// Reads the state, declares the rate limit, and says that it lives; one that begins has more to say than one that
    /// runs.
    pub(super) async fn read_state(&self, begins: bool) -> Result<Heard> {
        let keys = &self.partitions()[0];
        let mut call = scripts::STATE.call(5);
        call.arg(keys.state(&self.spec.id)).arg(keys.bell()).arg(keys.replicas(&self.spec.id));
        call.arg(keys.removing(&self.spec.id)).arg(keys.removed());
        call.arg(&self.group).arg(state::limit_text(self.spec.rate_limit)).arg(u8::from(begins));
        call.arg(&self.replica).arg(ALIVE_MS).arg(if begins { String::new() } else { self.since() });
        let answer = match self.shared.commands.one(call).await? {
            Value::Int(left) => return Ok(Heard::Removing(Duration::from_millis(left.try_into().unwrap_or_default()))),
            Value::SimpleString(_) => {
                self.lost.store(true, Relaxed);
                self.wake.notify_one();
                return Ok(Heard::Removed);
            }
            answer => redis::from_redis_value(answer),
        };
        let unreadable = |_| error::unexpected("a subscription's state");
        let (paused, limit, since): (String, String, u64) = answer.map_err(unreadable)?;
        let new = state::read(&paused, &limit)?;
        self.since.store(since, Relaxed);
        if self.state.send_if_modified(|known| std::mem::replace(known, new) != new) {
            self.wake.notify_one();
        }
        Ok(Heard::Counted)
    }

    /// Since when it has been a replica, by the clock of the first partition.
    pub(super) fn since(&self) -> String {
        self.since.load(Relaxed).to_string()
    }

    /// Says that it lives no more.
    pub(super) async fn withdraw(&self) -> Result<()> {
        let mut call = scripts::WITHDRAW.call(1);
        call.arg(self.partitions()[0].replicas(&self.spec.id)).arg(&self.replica);
        self.shared.commands.one(call).await.map(drop)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state.borrow().is_paused()
    }

    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        self.state.borrow().rate_limit
    }
}
