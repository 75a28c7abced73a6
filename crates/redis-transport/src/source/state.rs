//! What a source knows of its subscription's state. It is told by the bell when that changes, and looks every few
//! seconds, for a ring may be lost. Who looks counts as alive.

use std::{sync::Arc, time::Duration};

use tekup_core::{RateLimit, Result};

use super::Inner;
use crate::{error, scripts, state};

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a replica counts as alive when it has looked: it may miss two looks.
const ALIVE_MS: u64 = 20_000;
/// How long to leave a server alone that did not answer.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Until it is aborted.
pub(super) async fn follow(inner: Arc<Inner>) {
    loop {
        let wait = match inner.read_state(false).await {
            Ok(()) => LOOK_EVERY,
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
    pub(super) async fn read_state(&self, begins: bool) -> Result<()> {
        let keys = &self.partitions()[0];
        let mut call = scripts::STATE.call(3);
        call.arg(keys.state(&self.spec.id)).arg(keys.bell()).arg(keys.replicas(&self.spec.id));
        call.arg(&self.group).arg(state::limit_text(self.spec.rate_limit)).arg(u8::from(begins));
        call.arg(&self.replica).arg(ALIVE_MS);
        let answer = redis::from_redis_value(self.shared.commands.one(call).await?);
        let (paused, limit): (String, String) = answer.map_err(|_| error::unexpected("a subscription's state"))?;
        let new = state::read(&paused, &limit)?;
        if self.state.send_if_modified(|known| std::mem::replace(known, new) != new) {
            self.wake.notify_one();
        }
        Ok(())
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
