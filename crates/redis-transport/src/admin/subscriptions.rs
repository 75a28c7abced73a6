//! Which subscriptions there are, and whether anybody reads them. Each partition knows all, so the first is asked. It knows
//! of removals, too: one whose process died is found though nothing is registered any more.

use std::collections::BTreeSet;

use tekup_core::{
    Result, SubscriptionId, Timestamp,
    transport::{ListedSubscription, Replicas, SubscriptionPage},
};

use super::{
    RedisAdmin, page_size,
    replicas::{ask, last_heard},
};
use crate::{error, scripts};

impl RedisAdmin {
    pub(super) async fn list_subscriptions(&self, after: &str, most: usize) -> Result<SubscriptionPage> {
        page_size::check(most, "subscriptions")?;
        let mut call = scripts::SUBSCRIPTIONS.call(2);
        call.arg(self.keys(0)?.subscriptions()).arg(self.keys(0)?.removals());
        let answer = self.ask("the names of subscriptions", call).await?;
        let (millis, names, removals): (String, BTreeSet<String>, BTreeSet<String>) = answer;
        let at = millis.parse().ok().and_then(|millis| Timestamp::from_unix_millis(millis).ok());
        let at = at.ok_or_else(|| error::unexpected("the server's time"))?;
        let (page, next) = page(names.union(&removals), after, most);
        Ok(SubscriptionPage { at, subscriptions: self.listed(page, &removals).await?, next })
    }

    /// With what is known of their replicas; those that were removed meanwhile are left out.
    async fn listed(&self, page: Vec<SubscriptionId>, removals: &BTreeSet<String>) -> Result<Vec<ListedSubscription>> {
        if page.is_empty() {
            return Ok(Vec::new());
        }
        let (keys, mut calls) = (self.keys(0)?, redis::pipe());
        page.iter().for_each(|id| _ = calls.add_command(ask(keys, id)));
        let answers: Vec<(i64, String)> = self.ask_all("replicas of subscriptions", calls).await?;
        let known = page.into_iter().zip(answers).filter_map(|(id, (alive, heard))| {
            let removing = removals.contains(&id.to_string());
            let alive = u64::try_from(alive).ok().or_else(|| removing.then_some(0))?;
            let listed = |heard| ListedSubscription { id, replicas: Replicas::new(alive, heard), removing };
            Some(last_heard(&heard).map(listed))
        });
        known.collect()
    }
}

/// The first names after one, and what to ask for the next of them, if there are more.
fn page<'name>(
    names: impl Iterator<Item = &'name String>,
    after: &str,
    most: usize,
) -> (Vec<SubscriptionId>, Option<String>) {
    let mut rest: Vec<(String, SubscriptionId)> = names
        .filter(|name| name.as_str() > after)
        .filter_map(|name| Some((name.clone(), name.parse().ok()?)))
        .collect();
    let is_last = rest.len() <= most;
    rest.truncate(most);
    let next = rest.last().filter(|_| !is_last).map(|(name, _)| name.clone());
    (rest.into_iter().map(|(_, id)| id).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_by_name_without_gap_or_repetition() {
        let stored = BTreeSet::from(["~version", "b/b", "a-b/c", "a/z", "a/b", "no name"].map(String::from));
        let (mut after, mut all, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            let (ids, next) = page(stored.iter(), &after, 2);
            all.extend(ids.iter().map(ToString::to_string));
            pages += 1;
            let Some(next) = next else { break };
            after = next;
        }
        assert_eq!((pages, all), (2, ["a-b/c", "a/b", "a/z", "b/b"].map(String::from).to_vec()));
    }
}
