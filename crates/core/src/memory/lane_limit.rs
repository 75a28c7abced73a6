use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{
    index::{Index, Mark},
    item::Item,
    subscription::Subscription,
};
use crate::{
    error::{Error, ErrorKind, Result},
    transport::Stage,
};

/// A lane that drops again and again must not fill the log as well.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How many events a lane may hold for a subscription, if there is such a limit.
#[derive(Debug, Default)]
pub(super) struct LaneLimit {
    most: Option<usize>,
    /// Of each lane, when it is told of next, and how many were dropped untold.
    told: HashMap<u32, (Instant, u64)>,
}

impl LaneLimit {
    pub(super) fn set(&mut self, most: usize) -> Result<()> {
        if most == 0 {
            let message = "max lane length is 0: use 1 at least, or set none";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        self.most = Some(most);
        Ok(())
    }

    /// Drops the oldest events of a lane while it holds too many.
    pub(super) fn keep(&mut self, lane: u32, number: u32, reader: &mut Subscription, index: &mut Index, now: Instant) {
        let Some(most) = self.most else { return };
        while let Some(item) = reader.cut(lane, most) {
            index.mark(item.event.number, Mark { subscription: number, stage: Stage::Failed, failures: 0 });
            self.tell(&item, reader, now);
        }
    }

    fn tell(&mut self, item: &Item, reader: &Subscription, now: Instant) {
        let told = self.told.get(&item.place.0).copied();
        if let Some((next, untold)) = told.filter(|(next, _)| now < *next) {
            self.told.insert(item.place.0, (next, untold + 1));
            return;
        }
        let (before, event) = (told.map_or(0, |(_, untold)| untold), &item.event);
        tracing::warn!(subscription = %reader.id, event_type = %event.event_type, priority = %event.priority, before, "a lane is longer than it may be: its oldest events were dropped unsettled");
        self.told.insert(item.place.0, (now + TELL_EVERY, 0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_none_at_all_is_refused_and_says_what_to_do() {
        let mut limit = LaneLimit::default();
        let error = limit.set(0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains("max lane length is 0: use 1 at least"), "{error}");
        assert!(limit.set(1).is_ok());
    }
}
