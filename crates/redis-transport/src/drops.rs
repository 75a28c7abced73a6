//! What a limit of a lane took from subscriptions: logged once a minute for each lane.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::Value;
use tokio::time::Instant;

const TELL_EVERY: Duration = Duration::from_secs(60);

/// What one call cut off a lane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    too_long: bool,
    /// Entries that some subscription had not settled.
    unsettled: u64,
    /// Each subscription that lost some, and how many.
    by_subscription: Vec<String>,
}

impl Cut {
    /// What trimming answers for a lane, if it was cut.
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let Value::Array(parts) = answer else { return None };
        let [Value::Int(too_long), Value::Int(unsettled), by_subscription @ ..] = parts.as_slice() else { return None };
        let named = by_subscription.chunks_exact(2).filter_map(|pair| match pair {
            [Value::BulkString(name), Value::Int(count)] => Some(format!("{} {count}", String::from_utf8_lossy(name))),
            _ => None,
        });
        let unsettled = u64::try_from(*unsettled).unwrap_or(0);
        Some(Self { too_long: *too_long == 1, unsettled, by_subscription: named.collect() })
    }
}

/// When each lane was last told of.
#[derive(Default)]
pub(crate) struct DropLog(Mutex<HashMap<String, Told>>);

struct Told {
    next: Instant,
    /// Entries dropped since.
    untold: u64,
}

impl DropLog {
    /// Answers whether the lane is too long still.
    pub(crate) fn note(&self, lane: &str, cut: Cut) -> bool {
        if cut.unsettled > 0
            && let Some(before) = self.may_tell(lane, cut.unsettled)
        {
            let (dropped, subscriptions) = (cut.unsettled, cut.by_subscription.join(", "));
            tracing::warn!(lane, dropped, before, %subscriptions, "a lane is longer than it may be: its oldest events were dropped unsettled");
        }
        cut.too_long
    }

    /// If it is time for a line about the lane: how many were dropped without one.
    fn may_tell(&self, lane: &str, dropped: u64) -> Option<u64> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(told) = lanes.get_mut(lane).filter(|told| now < told.next) {
            told.untold += dropped;
            return None;
        }
        let told = Told { next: now + TELL_EVERY, untold: 0 };
        Some(lanes.insert(lane.to_owned(), told).map_or(0, |before| before.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_read_and_other_answers_are_none() {
        let text = |text: &str| Value::BulkString(text.into());
        let cut = Value::Array(vec![Value::Int(1), Value::Int(5), text("a/b"), Value::Int(5)]);
        let expected = Cut { too_long: true, unsettled: 5, by_subscription: vec!["a/b 5".into()] };
        assert_eq!(Cut::read(&cut), Some(expected));
        assert_eq!(Cut::read(&Value::Int(3)), None);
        assert_eq!(Cut::read(&Value::Array(vec![text("a/b"), text("0-0")])), None);
    }

    #[tokio::test(start_paused = true)]
    async fn each_lane_is_told_of_once_a_minute() {
        let log = DropLog::default();
        assert_eq!((log.may_tell("a", 1), log.may_tell("a", 2), log.may_tell("b", 1)), (Some(0), None, Some(0)));
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!(log.may_tell("a", 1), Some(2));
    }
}
