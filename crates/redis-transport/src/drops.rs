//! What a limit of a lane took from subscriptions: logged once a minute for each lane.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
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

#[derive(Default)]
struct Told {
    next: Option<Instant>,
    /// Entries dropped since.
    untold: u64,
    /// How many of them were dropped last, and from whom.
    last: (u64, String),
}

impl DropLog {
    /// Answers whether the lane is too long still.
    pub(crate) fn note(&self, lane: &str, cut: Cut) -> bool {
        if cut.unsettled > 0 {
            let mut lanes = self.lanes();
            let told = lanes.entry(lane.to_owned()).or_default();
            told.add(cut.unsettled, cut.by_subscription.join(", "));
            told.tell(lane);
        }
        cut.too_long
    }

    /// Logs what there was no time for a line about; to be called now and then.
    pub(crate) fn tell(&self) {
        self.lanes().iter_mut().for_each(|(lane, told)| told.tell(lane));
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<String, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn add(&mut self, dropped: u64, subscriptions: String) {
        self.untold += dropped;
        self.last = (dropped, subscriptions);
    }

    fn tell(&mut self, lane: &str) {
        let Some(before) = self.may_tell() else { return };
        let (dropped, subscriptions) = &self.last;
        tracing::warn!(lane, dropped, before, %subscriptions, "a lane is longer than it may be: its oldest events were dropped unsettled");
    }

    /// If there is something to tell, and it is time to: how many were dropped before the last ones without a line.
    fn may_tell(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self.untold == 0 || self.next.is_some_and(|next| now < next) {
            return None;
        }
        self.next = Some(now + TELL_EVERY);
        Some(std::mem::take(&mut self.untold) - self.last.0)
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
    async fn a_lane_is_told_of_once_a_minute_and_in_the_end_of_all_of_it() {
        let mut told = Told::default();
        told.add(1, "a/b 1".into());
        assert_eq!((told.may_tell(), told.may_tell()), (Some(0), None));
        told.add(2, "a/b 2".into());
        told.add(5, "a/b 5".into());
        assert_eq!(told.may_tell(), None);
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!((told.may_tell(), told.may_tell()), (Some(2), None), "though no drop follows");
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!(told.may_tell(), None, "nothing is told twice");
    }
}
