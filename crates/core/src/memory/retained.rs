use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::item::Stored;
use crate::error::{Error, ErrorKind, Result};

const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// What lanes keep, settled or not, for those who begin later: nothing, unless a retention is set.
#[derive(Debug, Default)]
pub(super) struct Retained {
    keep: Duration,
    /// The most that a lane keeps.
    most: Option<usize>,
    lanes: HashMap<u32, VecDeque<Arc<Stored>>>,
    /// When all lanes are looked at again, also those that nothing comes to any more.
    tidy_at: Option<Instant>,
}

const TIDY_EVERY: Duration = Duration::from_secs(1);

impl Retained {
    pub(super) fn keep_for(&mut self, keep: Duration) -> Result<()> {
        if keep > LONGEST {
            let message = format!("retention is {keep:?}: use 0 s to 365 days");
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        self.keep = keep;
        Ok(())
    }

    pub(super) fn keep_at_most(&mut self, events: usize) -> Result<()> {
        if events == 0 {
            let message = "retention length is 0: use 1 at least, or set none";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        self.most = Some(events);
        Ok(())
    }

    pub(super) fn put(&mut self, lane: u32, event: &Arc<Stored>, now: Instant) {
        if self.keep.is_zero() {
            return;
        }
        self.tidy(now);
        let (keep, most) = (self.keep, self.most.unwrap_or(usize::MAX));
        let queue = self.lanes.entry(lane).or_default();
        queue.push_back(Arc::clone(event));
        while queue.len() > most || queue.front().is_some_and(|oldest| is_over(oldest, keep, now)) {
            queue.pop_front();
        }
    }

    fn tidy(&mut self, now: Instant) {
        if self.tidy_at.is_some_and(|at| now < at) {
            return;
        }
        self.tidy_at = Some(now + TIDY_EVERY);
        let keep = self.keep;
        self.lanes.retain(|_, queue| {
            while queue.front().is_some_and(|oldest| is_over(oldest, keep, now)) {
                queue.pop_front();
            }
            !queue.is_empty()
        });
    }

    /// Each with its lane.
    pub(super) fn iter(&self, now: Instant) -> impl Iterator<Item = (u32, &Arc<Stored>)> {
        let all = self.lanes.iter().flat_map(|(lane, queue)| queue.iter().map(|event| (*lane, event)));
        all.filter(move |(_, event)| !is_over(event, self.keep, now))
    }
}

fn is_over(event: &Stored, keep: Duration, now: Instant) -> bool {
    now.duration_since(event.since) >= keep
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_out_of_range_is_refused_and_says_what_to_do() {
        let mut retained = Retained::default();
        let too_long = retained.keep_for(LONGEST + Duration::from_secs(1)).unwrap_err();
        assert!(too_long.to_string().contains("use 0 s to 365 days"), "{too_long}");
        let none = retained.keep_at_most(0).unwrap_err();
        assert!(none.to_string().contains("retention length is 0: use 1 at least"), "{none}");
        assert!(retained.keep_for(LONGEST).is_ok() && retained.keep_at_most(1).is_ok());
    }
}
