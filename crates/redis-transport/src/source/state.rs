//! What a source knows of its subscription's state. It is told by the bell when that changes, and looks every few
//! seconds, for a ring may be lost. Who looks counts as alive.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use redis::{Cmd, Value};
use tekup_core::{Error, RateLimit, Result};
use tokio::time::Instant;

use super::Inner;
use crate::{error, scripts, state};

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a replica counts as alive when it has looked: it may miss two looks.
const ALIVE_MS: u64 = 20_000;
/// For so long it can't have been taken for dead: less, for a call may be on its way for a while.
const SURELY_ALIVE: Duration = Duration::from_millis(ALIVE_MS - 5_000);
/// How long to leave a server alone that did not answer.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a replica says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// It lives from now on, and is about to join.
    Begins,
    /// It lives, has joined, and names the rate limit and its policy.
    Declares,
    /// It lives; its rate limit and policy count only where none was named, for the store was emptied.
    Lives,
}

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
        inner.following.begin();
        let heard = inner.read_state(Says::Lives).await;
        inner.following.rest();
        let wait = match heard {
            Ok(_) => {
                inner.following.over("state", None);
                LOOK_EVERY
            }
            Err(error) => {
                inner.tell_of_unread(&error);
                AFTER_FAILURE
            }
        };
        let wait = wait.mul_f64(1.0 + fastrand::f64() / 4.0);
        let _rung = tokio::time::timeout(wait, inner.wake_state.notified()).await;
    }
}

impl Says {
    const fn text(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Declares => "declares",
            Self::Lives => "lives",
        }
    }
}

impl Inner {
    /// Reads the state, and says that it lives.
    pub(super) async fn read_state(&self, says: Says) -> Result<Heard> {
        let asked = Instant::now();
        let answer = match self.shared.commands.one(self.state_call(says)).await? {
            Value::Int(left) => return Ok(Heard::Removing(Duration::from_millis(left.try_into().unwrap_or_default()))),
            Value::SimpleString(_) => {
                self.note_counted(None);
                self.lost.store(true, Relaxed);
                self.wake.notify_one();
                return Ok(Heard::Removed);
            }
            Value::BulkString(declared) => return Err(self.refusal(&declared)?),
            answer => redis::from_redis_value(answer),
        };
        let unreadable = |_| error::unexpected("a subscription's state");
        let (paused, limit, since, declared, revision): (String, String, u64, String, u64) =
            answer.map_err(unreadable)?;
        let new = state::read(&paused, &limit)?;
        self.since.store(since, Relaxed);
        self.note_counted(Some(asked));
        if says == Says::Declares {
            self.tell_of_newer(state::read_declared(&declared)?, revision);
        }
        if self.state.send_if_modified(|known| std::mem::replace(known, new) != new) {
            self.wake.notify_one();
        }
        Ok(Heard::Counted)
    }

    fn tell_of_unread(&self, error: &Error) {
        let subscription = &self.group;
        if self.following.failed("state", None, error) {
            tracing::warn!(subscription, %error, "whether the subscription is paused can't be read, nor said that this replica lives; it is tried on");
        } else {
            tracing::debug!(subscription, %error, "whether the subscription is paused can't be read yet");
        }
    }

    fn state_call(&self, says: Says) -> Cmd {
        let keys = &self.partitions()[0];
        let mut call = scripts::STATE.call(5);
        call.arg(keys.state(&self.spec.id)).arg(keys.bell()).arg(keys.replicas(&self.spec.id));
        call.arg(keys.removing(&self.spec.id)).arg(keys.removed());
        call.arg(&self.group).arg(state::limit_text(self.spec.rate_limit)).arg(says.text());
        call.arg(&self.replica).arg(ALIVE_MS).arg(if says == Says::Begins { String::new() } else { self.since() });
        call.arg(self.spec.revision).arg(self.spec.policy.as_ref().map(state::policy_text).unwrap_or_default());
        call
    }

    /// `None` where it heard that its subscription was removed.
    pub(super) fn note_counted(&self, asked: Option<Instant>) {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    /// Whether its subscription can't have been removed since it began, if it did not stand still just now.
    pub(super) fn is_surely_alive(&self) -> bool {
        let counted = *self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.is_some_and(|counted| counted.elapsed() < SURELY_ALIVE)
    }

    fn refusal(&self, declared: &[u8]) -> Result<Error> {
        let declared = state::read_declared(&String::from_utf8_lossy(declared))?;
        Ok(self.spec.limit_refusal(declared))
    }

    fn tell_of_newer(&self, declared: Option<RateLimit>, revision: u64) {
        if revision > self.spec.revision && declared != self.spec.rate_limit {
            tracing::warn!(subscription = %self.group, "{}", self.spec.limit_lag(declared, revision));
        }
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
