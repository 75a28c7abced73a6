//! Beginning to read: a replica says that it lives, then it joins. So nobody removes a subscription that is being joined,
//! and what is being removed is joined afterwards, as a new one.

use std::time::Duration;

use tekup_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::{
    Inner, join,
    state::{Heard, Says},
};

/// How long to wait for a removal that is under way.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Inner {
    pub(super) async fn begin(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            self.say_that_it_lives(begun + PATIENCE).await?;
            match self.join().await {
                Ok(true) => return Ok(()),
                // It took so long that nobody took it for alive any more.
                Ok(false) => {}
                Err(error) => {
                    let _lapses_by_itself = self.withdraw().await;
                    return Err(error);
                }
            }
        }
    }

    /// False if the subscription was removed meanwhile.
    async fn join(&self) -> Result<bool> {
        let Some(record) = join::join(self).await? else { return Ok(false) };
        // Who is behind does not say what is new.
        let is_newest = record.is_of(&self.spec);
        self.begin_with(record);
        let says = if is_newest { Says::Declares } else { Says::Lives };
        Ok(self.read_state(says).await? == Heard::Counted)
    }

    /// Waits for a removal; one whose process died is finished here.
    async fn say_that_it_lives(&self, deadline: Instant) -> Result<()> {
        loop {
            let Heard::Removing(left) = self.read_state(Says::Begins).await? else { return Ok(()) };
            if Instant::now() >= deadline {
                return Err(self.is_being_removed());
            }
            if !left.is_zero() {
                tokio::time::sleep(left.min(LOOK_EVERY)).await;
                continue;
            }
            match self.shared.admin().finish_removal(&self.spec.id).await {
                // Somebody else does, or whoever counts as alive is waited for.
                Err(error) if error.kind() == ErrorKind::Conflict => tokio::time::sleep(LOOK_EVERY).await,
                finished => finished?,
            }
        }
    }

    fn is_being_removed(&self) -> Error {
        let message = format!("subscription `{}` is being removed: subscribe again when that is done", self.group);
        Error::new(ErrorKind::Unavailable, message)
    }
}
