use tokio::time::Instant;

use crate::timestamp::Timestamp;

/// Points in time on tokio's clock, so that what is stamped moves with a paused one.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    time: Timestamp,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), time: Timestamp::now() }
    }
}

impl Clock {
    pub(super) fn at(&self, now: Instant) -> Timestamp {
        let passed = now.saturating_duration_since(self.start).as_millis();
        let millis = i64::try_from(passed).ok().and_then(|passed| self.time.unix_millis().checked_add(passed));
        millis.and_then(|millis| Timestamp::from_unix_millis(millis).ok()).unwrap_or(self.time)
    }
}
