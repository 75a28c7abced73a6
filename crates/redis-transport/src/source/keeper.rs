//! What a source does besides reading: it moves retries that are due, trims what is settled, asks for searches,
//! lets go of old dead letters, and removes consumers that are long dead.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use redis::{Pipeline, Value};
use tekup_core::Result;
use tokio::time::Instant;

use super::Inner;
use crate::{error, scripts};

/// The longest sleep, for a ring may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often a partition is trimmed at most.
const TRIM_EVERY: Duration = Duration::from_secs(1);
/// What is due within this time is looked at together.
const TOGETHER: Duration = Duration::from_millis(1_500);
/// How long to leave a server alone that did not answer.
pub(crate) const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// When each duty is due.
struct Duties {
    /// Of each partition, when its next retry is.
    moves: Vec<Instant>,
    trim: Instant,
    sweep: Instant,
    reap: Instant,
    expire: Instant,
}

/// Until it is aborted.
pub(super) async fn keep(inner: Arc<Inner>) {
    let now = Instant::now();
    let mut duties = Duties {
        moves: vec![now; inner.partitions().len()],
        trim: now + TRIM_EVERY,
        sweep: now,
        reap: now + inner.reap_every(),
        expire: now + jittered(inner.expire_every()),
    };
    loop {
        inner.keeping.begin();
        inner.attend(&mut duties).await;
        inner.keeping.rest();
        let _ = tokio::time::timeout_at(duties.next(), inner.wake_keeper.notified()).await;
    }
}

impl Duties {
    fn next(&self) -> Instant {
        let moves = self.moves.iter().copied().min().unwrap_or(self.sweep);
        moves.min(self.trim).min(self.sweep).min(self.reap).min(self.expire)
    }
}

impl Inner {
    /// Does what is due, each duty whatever becomes of the others, and notes when it is due again.
    async fn attend(&self, duties: &mut Duties) {
        let now = Instant::now();
        if duties.sweep <= now {
            self.flags.iter().for_each(|flags| flags.sweep.store(true, Relaxed));
            self.wake.notify_one();
            duties.sweep = now + jittered(self.spec.lease / 4);
        }
        self.move_due(&mut duties.moves).await;
        if duties.trim <= now {
            duties.trim = now + jittered(TRIM_EVERY);
            self.losses.tell(&self.group);
            self.drops.tell();
            if self.noted("trim", None, self.trim().await) == Some(true) {
                duties.trim = now;
            }
        }
        if duties.expire <= now {
            duties.expire = now + jittered(self.expire_every());
            if self.noted("expire", None, self.expire().await) == Some(true) {
                duties.expire = now;
            }
        }
        if duties.reap <= now {
            duties.reap = now + jittered(self.reap_every());
            self.noted("reap", None, self.reap().await);
            // A replica that is gone may not have come to trimming what it had settled.
            self.lanes.read().all().iter().for_each(|lane| lane.mark_dirty());
        }
    }

    /// What came of a duty; what will not pass by itself is told loudly, once.
    fn noted<T>(&self, duty: &'static str, partition: Option<usize>, result: Result<T>) -> Option<T> {
        let subscription = &self.group;
        let Err(error) = &result else {
            self.keeping.over(duty, partition);
            return result.ok();
        };
        if self.keeping.failed(duty, partition, error) {
            tracing::warn!(subscription, duty, partition, %error, "a duty of the mover fails, and is tried on");
        } else {
            tracing::debug!(subscription, duty, partition, %error, "a duty of the mover waits");
        }
        None
    }

    async fn reap(&self) -> Result<()> {
        let live = self.shared.commands.live().await?;
        self.remove_consumers(live, "").await
    }

    fn reap_every(&self) -> Duration {
        (self.spec.lease * 10).max(Duration::from_secs(60))
    }

    /// Moves what is due to the retry streams, and notes when the next is.
    async fn move_due(&self, moves: &mut [Instant]) {
        loop {
            let now = Instant::now();
            let is_due = |at: usize| self.flags[at].due.load(Relaxed) || moves[at] <= now;
            if !(0..moves.len()).any(is_due) {
                return;
            }
            // Those that would be due soon anyway go along: one round trip instead of many.
            let due: Vec<usize> = (0..moves.len()).filter(|at| is_due(*at) || moves[*at] <= now + TOGETHER).collect();
            due.iter().for_each(|at| self.flags[*at].due.store(false, Relaxed));
            let mut pipeline = Pipeline::with_capacity(due.len());
            for partition in &due {
                pipeline.add_command(self.move_call(*partition));
                // Unless it says otherwise.
                moves[*partition] = now + AFTER_FAILURE.mul_f64(1.0 + fastrand::f64());
            }
            let answers = match self.shared.commands.all(pipeline).await {
                Ok(answers) => answers,
                Err(error) => {
                    self.noted::<()>("move", None, Err(error));
                    return;
                }
            };
            self.keeping.over("move", None);
            for (partition, answer) in due.into_iter().zip(answers) {
                let moved = answer.and_then(|answer| self.note_moved(partition, answer));
                if moved.as_ref().is_err_and(|error| !error.is_retryable()) {
                    moves[partition] = now + jittered(LOOK_EVERY);
                }
                if let Some(next) = self.noted("move", Some(partition), moved) {
                    moves[partition] = Instant::now() + next;
                }
            }
        }
    }

    /// Answers when to look again.
    fn note_moved(&self, partition: usize, answer: Value) -> Result<Duration> {
        let (moved, wait, waiting, unreadable): (u64, i64, u64, u64) =
            redis::from_redis_value(answer).map_err(|_| error::unexpected("a move of retries"))?;
        if moved > 0 {
            self.heat_retry(partition);
            self.wake.notify_one();
        }
        if unreadable > 0 {
            tracing::warn!(subscription = %self.group, partition, unreadable, "stored retries could not be read: they are dead letters now");
        }
        self.note_waiting(partition, waiting);
        Ok(until_next(wait))
    }

    fn move_call(&self, partition: usize) -> redis::Cmd {
        let (keys, id) = (&self.partitions()[partition], &self.spec.id);
        let mut cmd = scripts::MOVE.call(7);
        cmd.arg(keys.due(id)).arg(keys.waiting(id)).arg(keys.retry(id)).arg(keys.exceptions(id)).arg(keys.bell());
        cmd.arg(keys.dead(id)).arg(keys.letters(id));
        cmd.arg(&self.group);
        cmd
    }
}

/// How long to sleep when the next one is due in so many milliseconds, or none is (-1).
pub(crate) fn until_next(wait_ms: i64) -> Duration {
    let Ok(ms) = u64::try_from(wait_ms) else { return jittered(LOOK_EVERY) };
    // A little later, and not all replicas at once: the first moves it for all.
    let wait = Duration::from_millis(ms) + Duration::from_micros(fastrand::u64(0..3_000));
    wait.min(jittered(LOOK_EVERY))
}

fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(1.0 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_when_the_next_is_due_and_never_lasts_long() {
        assert!(until_next(0) < Duration::from_millis(4));
        assert!((Duration::from_millis(100)..Duration::from_millis(104)).contains(&until_next(100)));
        for wait in [-1, 1_000_000, i64::MAX] {
            assert!(until_next(wait) <= LOOK_EVERY.mul_f64(1.25));
        }
    }
}
