//! Expiry: dead letters that are too old or too many go, whether or not another dies.

use std::time::Duration;

use redis::{Cmd, Pipeline};
use tekup_core::Result;

use super::Inner;
use crate::{error, scripts};

/// The most that one call lets go of for one reason: if it did, there may be more.
const MOST: u64 = 100;

impl Inner {
    /// Looks at every partition once; answers whether there may be more.
    pub(super) async fn expire(&self) -> Result<bool> {
        let mut pipeline = Pipeline::with_capacity(self.partitions().len());
        for partition in 0..self.partitions().len() {
            pipeline.add_command(self.expire_call(partition));
        }
        let (mut result, mut letters, mut is_more) = (Ok(()), 0, false);
        for answer in self.shared.commands.all(pipeline).await? {
            let gone = answer.and_then(|answer| {
                redis::from_redis_value::<u64>(answer).map_err(|_| error::unexpected("an expiry of dead letters"))
            });
            match gone {
                Ok(gone) => {
                    letters += gone;
                    is_more |= gone >= MOST;
                }
                Err(error) => result = Err(error),
            }
        }
        self.tell_of_gone(letters);
        result.map(|()| is_more)
    }

    fn expire_call(&self, partition: usize) -> Cmd {
        let (keys, id) = (&self.partitions()[partition], &self.spec.id);
        let mut cmd = scripts::EXPIRE.call(5);
        cmd.arg(keys.dead(id)).arg(keys.letters(id)).arg(keys.exceptions(id)).arg(keys.books(id)).arg(keys.gone(id));
        self.write_limits(&mut cmd);
        cmd
    }

    /// How long and how many letters are kept, as both scripts that let go of some want it.
    pub(super) fn write_limits(&self, cmd: &mut Cmd) {
        let ttl = u64::try_from(self.spec.dead_letter_ttl.as_millis()).unwrap_or(u64::MAX).min(1 << 50);
        cmd.arg(ttl).arg(self.spec.dead_letter_cap).arg(self.shared.window.as_millis() as u64);
    }

    pub(super) fn tell_of_gone(&self, letters: u64) {
        if letters > 0 {
            tracing::warn!(subscription = %self.group, letters, "dead letters were let go of: too old or too many");
        }
    }

    /// Often enough for letters that are kept shortly.
    pub(super) fn expire_every(&self) -> Duration {
        (self.spec.dead_letter_ttl / 4).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }
}
