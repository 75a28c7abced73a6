//! What of the subscription's rate limit this replica was given: many at a time, so that no event costs a round trip.

use std::time::Duration;

use redis::Cmd;
use tekup_core::{RateLimit, Result};
use tokio::time::Instant;

use super::Inner;
use crate::{error, scripts};

/// How long what was given may be used; then it is given back.
const KEPT: Duration = Duration::from_millis(100);
/// How long to wait at most before asking again: another may have given back.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Ration {
    /// Of which limit.
    limit: Option<RateLimit>,
    left: usize,
    given: Option<Instant>,
    /// When it is worth to ask again, if nothing was given.
    pub(super) next: Option<Instant>,
}

impl Ration {
    pub(super) fn spend(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
    }

    fn is_to_wait(&self, limit: RateLimit) -> bool {
        self.limit == Some(limit) && self.next.is_some_and(|next| next > Instant::now())
    }

    /// How many may be used still.
    fn usable(&self) -> usize {
        if self.given.is_some_and(|given| given.elapsed() < KEPT) { self.left } else { 0 }
    }
}

impl Inner {
    /// How many of at most `most` may be fetched now. Without a rate limit it asks nobody.
    pub(super) async fn ration(&self, ration: &mut Ration, most: usize) -> Result<usize> {
        let Some(limit) = self.rate_limit() else {
            *ration = Ration::default();
            return Ok(most);
        };
        // Whatever wakes the reader meanwhile, there is nothing to be had for it.
        if ration.is_to_wait(limit) {
            return Ok(0);
        }
        if ration.usable() == 0 {
            let burst = usize::try_from(limit.burst()).unwrap_or(usize::MAX);
            let unused = std::mem::take(&mut ration.left);
            let (given, wait) = self.ask_for_ration(most.min(burst), unused).await?;
            let now = Instant::now();
            let next = (given == 0).then(|| now + Duration::from_micros(wait).min(LONGEST_WAIT));
            *ration = Ration { limit: Some(limit), left: given, given: Some(now), next };
        }
        Ok(most.min(ration.left))
    }

    /// Gives back what was not used, for the other replicas.
    pub(super) async fn give_back(&self, ration: &mut Ration) -> Result<()> {
        let unused = std::mem::take(&mut ration.left);
        if unused > 0 {
            self.ask_for_ration(0, unused).await?;
        }
        Ok(())
    }

    async fn ask_for_ration(&self, wanted: usize, unused: usize) -> Result<(usize, u64)> {
        let answer = self.shared.reads.one(self.ration_call(wanted, unused)).await?;
        redis::from_redis_value(answer).map_err(|_| error::unexpected("a share of the rate limit"))
    }

    fn ration_call(&self, wanted: usize, unused: usize) -> Cmd {
        let mut call = scripts::RATION.call(1);
        call.arg(self.partitions()[0].state(&self.spec.id)).arg(wanted).arg(unused);
        call
    }
}
