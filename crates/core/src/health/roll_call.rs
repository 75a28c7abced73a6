use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
    time::Duration,
};

use crate::{ids::SubscriptionId, transport::SubscriptionPage};

/// Which subscriptions nobody reads, as last looked: a page at each look, so that no look costs more.
#[derive(Debug, Default)]
pub(crate) struct RollCall {
    /// What the next page is asked with.
    after: Option<String>,
    silent: BTreeMap<String, (SubscriptionId, Duration)>,
}

impl RollCall {
    pub(crate) fn after(&self) -> Option<String> {
        self.after.clone()
    }

    /// Takes note of the page that was asked for with `after`: of the names in it, and of those that are gone.
    pub(crate) fn note(&mut self, after: Option<String>, page: SubscriptionPage) {
        let from = after.map_or(Unbounded, Excluded);
        let to = page.next.clone().map_or(Unbounded, Included);
        let before: Vec<String> = self.silent.range((from, to)).map(|(name, _)| name.clone()).collect();
        before.iter().for_each(|name| _ = self.silent.remove(name));
        for listed in page.subscriptions.into_iter().filter(|listed| listed.replicas.alive == 0) {
            if let Some(heard) = listed.replicas.last_heard {
                self.silent.insert(listed.id.to_string(), (listed.id, page.at.since(heard)));
            }
        }
        self.after = page.next;
    }

    /// For how long nobody has read them.
    pub(crate) fn silent(&self) -> Vec<(SubscriptionId, Duration)> {
        self.silent.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        timestamp::Timestamp,
        transport::{ListedSubscription, Replicas},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000).unwrap()
    }

    fn page(next: Option<&str>, listed: &[(&str, u64, Option<i64>)]) -> SubscriptionPage {
        let subscriptions = listed.iter().map(|(id, alive, heard)| ListedSubscription {
            id: id.parse().unwrap(),
            replicas: Replicas::new(*alive, heard.map(at)),
            removing: false,
        });
        SubscriptionPage { at: at(100), subscriptions: subscriptions.collect(), next: next.map(String::from) }
    }

    fn silent(call: &RollCall) -> Vec<(String, u64)> {
        call.silent().into_iter().map(|(id, time)| (id.to_string(), time.as_secs())).collect()
    }

    #[test]
    fn pages_add_up_and_who_is_heard_again_or_removed_is_silent_no_more() {
        let mut call = RollCall::default();
        call.note(None, page(Some("a/c"), &[("a/a", 0, Some(40)), ("a/b", 1, Some(99)), ("a/c", 0, Some(90))]));
        assert_eq!(call.after().as_deref(), Some("a/c"));
        call.note(call.after(), page(None, &[("a/d", 0, Some(0)), ("a/e", 0, None)]));
        assert_eq!(silent(&call), [("a/a", 60), ("a/c", 10), ("a/d", 100)].map(|(id, time)| (id.to_owned(), time)));
        assert_eq!(call.after(), None, "it begins again");
        call.note(None, page(Some("a/b"), &[("a/a", 1, Some(100)), ("a/b", 0, Some(99))]));
        assert_eq!(silent(&call), [("a/b", 1), ("a/c", 10), ("a/d", 100)].map(|(id, time)| (id.to_owned(), time)));
        call.note(call.after(), page(None, &[]));
        assert_eq!(silent(&call), [("a/b".to_owned(), 1)]);
    }
}
