use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::sync::Notify;

use super::{
    Attempted, Latencies, LatencyDelta, ProcessMetrics, Stored, Tally, Timed, activity::Activity, timings::Timings,
};
use crate::{
    config::TenantLabels,
    error::{Error, ErrorKind, Result},
    ids::{EventType, SubscriptionId, TenantId},
    sync::lock,
    timestamp::Timestamp,
    transport::{CounterDelta, Counters},
};

/// Counts for this process, and keeps what the others have not been told yet.
///
/// Per tenant only what happened since the last flush is held, so it does not grow with the number of tenants ever seen.
pub(crate) struct Meter {
    state: Mutex<State>,
    timings: Mutex<Timings>,
    activity: Mutex<Activity>,
    /// There is something to flush.
    pub(crate) counted: Notify,
}

#[derive(Default)]
struct State {
    process: Counters,
    unflushed: HashMap<TenantId, Counters>,
}

impl State {
    fn add(&mut self, tenant: Option<&TenantId>, tally: &Tally) {
        self.process.add(tally.counters());
        let Some(tenant) = tenant else { return };
        match self.unflushed.get_mut(tenant) {
            Some(counters) => counters.add(tally.counters()),
            None => drop(self.unflushed.insert(tenant.clone(), *tally.counters())),
        }
    }
}

impl Meter {
    /// One that counts how long it takes for each of these tenants too, and tells those apart to whoever scrapes.
    pub(crate) fn by_tenant(tenants: impl IntoIterator<Item = TenantId>, labels: TenantLabels) -> Self {
        Self {
            state: Mutex::default(),
            timings: Mutex::new(Timings::new(tenants)),
            activity: Mutex::new(Activity::new(labels)),
            counted: Notify::new(),
        }
    }

    /// Takes in deliveries that ended just now.
    pub(crate) fn ended(&self, subscription: &SubscriptionId, batch: &[Attempted<'_>]) {
        if !batch.is_empty() {
            lock(&self.activity).note(subscription, batch, Timestamp::now());
        }
    }

    /// These types are told apart, whatever else comes first.
    pub(crate) fn expect(&self, types: impl IntoIterator<Item = EventType>) {
        lock(&self.activity).expect(types);
    }

    /// Takes in a call that published so many events, of which these were stored.
    pub(crate) fn publish_call(&self, events: usize, took: Duration, stored: &[Stored]) {
        let mut activity = lock(&self.activity);
        activity.publish_call(events, took);
        activity.published(stored);
    }

    /// Takes in a call that settled.
    pub(crate) fn settle_call(&self, deliveries: usize, took: Duration) {
        lock(&self.activity).settle_call(deliveries, took);
    }

    /// Takes in that others have taken deliveries over.
    pub(crate) fn leases_lost(&self, subscription: &SubscriptionId, count: usize) {
        lock(&self.activity).leases_lost(subscription, count);
    }

    /// What is told to whoever scrapes.
    pub(crate) fn activity(&self) -> ProcessMetrics {
        let snapshot = lock(&self.activity).snapshot();
        snapshot.read()
    }

    /// Takes in how long deliveries took that were finished just now. Whoever calls it notes their tallies *afterwards*:
    /// it is they who say that there is something to flush.
    pub(crate) fn time(&self, subscription: &SubscriptionId, batch: &[(Option<&TenantId>, &Timed)]) {
        if !batch.is_empty() {
            lock(&self.timings).note(subscription, batch, Timestamp::now());
        }
    }

    /// How long a subscription's deliveries took in this process.
    pub(crate) fn latencies(&self, subscription: &SubscriptionId) -> Latencies {
        lock(&self.timings).of(subscription)
    }

    /// Takes tallies into the counters. An event of no tenant counts for the process alone.
    pub(crate) fn note<'a>(&self, tallies: impl IntoIterator<Item = (Option<&'a TenantId>, Tally)>) {
        let mut tallies = tallies.into_iter().filter(|(_, tally)| !tally.is_empty()).peekable();
        if tallies.peek().is_none() {
            return;
        }
        let mut state = lock(&self.state);
        let was_empty = state.unflushed.is_empty();
        tallies.for_each(|(tenant, tally)| state.add(tenant, &tally));
        state.process.updated = Some(Timestamp::now());
        let has_news = was_empty && !state.unflushed.is_empty();
        drop(state);
        if has_news {
            self.counted.notify_one();
        }
    }

    /// What this process has counted.
    pub(crate) fn process(&self) -> Counters {
        lock(&self.state).process
    }

    /// Takes out what the others have not been told yet; it comes back unless it is said to be told.
    pub(crate) fn untold(&self) -> Untold<'_> {
        Untold { meter: self, deltas: self.take() }
    }

    /// As [`untold`](Self::untold), of how long it took.
    pub(crate) fn untold_latencies(&self) -> UntoldLatencies<'_> {
        UntoldLatencies { meter: self, deltas: lock(&self.timings).take() }
    }

    fn take(&self) -> Vec<CounterDelta> {
        let unflushed = std::mem::take(&mut lock(&self.state).unflushed);
        let updated = Some(Timestamp::now());
        unflushed
            .into_iter()
            .map(|(tenant, counters)| CounterDelta { tenant, counters: Counters { updated, ..counters } })
            .collect()
    }

    fn put_back(&self, deltas: Vec<CounterDelta>) {
        let mut state = lock(&self.state);
        for delta in deltas {
            state.unflushed.entry(delta.tenant).or_default().add(&delta.counters);
        }
        drop(state);
        self.counted.notify_one();
    }
}

fn is_not_found(answer: &Result<()>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Leaves what has no `Ok`. Answers the first error, one that is not `NotFound` if there is any.
fn keep_untold<D>(deltas: &mut Vec<D>, answers: Vec<Result<()>>) -> Result<()> {
    let unanswered = || Err(Error::new(ErrorKind::Internal, "the transport left what was counted without an answer"));
    let mut answers = answers.into_iter();
    let mut result = Ok(());
    deltas.retain(|_| {
        let answer = answers.next().unwrap_or_else(unanswered);
        let is_told = answer.is_ok();
        if result.is_ok() || is_not_found(&result) && !is_told {
            result = answer;
        }
        !is_told
    });
    result
}

/// What the others have not been told yet.
pub(crate) struct Untold<'a> {
    meter: &'a Meter,
    deltas: Vec<CounterDelta>,
}

impl Untold<'_> {
    pub(crate) fn deltas(&self) -> &[CounterDelta] {
        &self.deltas
    }

    /// What has an `Ok` is told, the rest comes back. Answers the first error.
    pub(crate) fn told(mut self, answers: Vec<Result<()>>) -> Result<()> {
        keep_untold(&mut self.deltas, answers)
    }
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        if !self.deltas.is_empty() {
            self.meter.put_back(std::mem::take(&mut self.deltas));
        }
    }
}

/// What the others have not been told yet of how long it took.
pub(crate) struct UntoldLatencies<'a> {
    meter: &'a Meter,
    deltas: Vec<LatencyDelta>,
}

impl UntoldLatencies<'_> {
    pub(crate) fn deltas(&self) -> &[LatencyDelta] {
        &self.deltas
    }

    /// What has an `Ok` is told, the rest comes back; but what is of a subscription that is gone is let go of. Answers
    /// the first error that is another.
    pub(crate) fn told(
        mut self,
        mut answers: Vec<Result<()>>,
        is_gone: impl Fn(&SubscriptionId) -> bool,
    ) -> Result<()> {
        for (delta, answer) in self.deltas.iter().zip(&mut answers) {
            if is_not_found(answer) && is_gone(&delta.subscription) {
                *answer = Ok(());
            }
        }
        let result = keep_untold(&mut self.deltas, answers);
        // The store has lost the subscription, and its replica makes it anew.
        if is_not_found(&result) { Ok(()) } else { result }
    }
}

impl Drop for UntoldLatencies<'_> {
    fn drop(&mut self) {
        if !self.deltas.is_empty() {
            lock(&self.meter.timings).put_back(std::mem::take(&mut self.deltas));
            self.meter.counted.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn meter() -> Meter {
        Meter::by_tenant([], TenantLabels::Off)
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_not_be_told_is_told_the_next_time() {
        let meter = meter();
        let tenant: TenantId = "acme".parse().unwrap();
        meter.note([(Some(&tenant), Tally::published(1))]);
        let failed = meter.untold();
        meter.note([(Some(&tenant), Tally::published(1))]);
        meter.counted.notified().await;
        drop(failed);
        // Whoever tells is told that there is something to tell again.
        meter.counted.notified().await;
        let untold = meter.untold();
        assert_eq!(untold.deltas().len(), 1);
        assert_eq!(untold.deltas()[0].counters.published, 2);
        untold.told(vec![Ok(())]).unwrap();
        assert_eq!(meter.process().published, 2);
        assert!(meter.untold().deltas().is_empty());
    }

    #[test]
    fn of_a_batch_that_was_told_in_part_only_the_rest_is_told_again() {
        let meter = meter();
        let tenants: [TenantId; 4] = ["a", "b", "c", "d"].map(|name| name.parse().unwrap());
        tenants.iter().for_each(|tenant| meter.note([(Some(tenant), Tally::published(1))]));
        let untold = meter.untold();
        let told: Vec<_> = untold.deltas().iter().take(2).map(|delta| delta.tenant.clone()).collect();
        let denied = Err(Error::new(ErrorKind::Denied, "no permission"));
        // One is refused, and the last has no answer.
        assert_eq!(untold.told(vec![Ok(()), Ok(()), denied]).unwrap_err().kind(), ErrorKind::Denied);
        let again = meter.untold();
        assert_eq!(again.deltas().len(), 2);
        assert!(again.deltas().iter().all(|delta| !told.contains(&delta.tenant) && delta.counters.published == 1));
        assert!(again.told(vec![Ok(()), Ok(())]).is_ok() && meter.untold().deltas().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn latencies_of_a_subscription_that_was_lost_are_told_again_and_those_of_one_that_is_gone_are_not() {
        let (meter, ledger) = (meter(), "billing/ledger".parse().unwrap());
        let timed = Timed {
            event_type: "lead.created".parse().unwrap(),
            published: Timestamp::now(),
            handling: Duration::from_millis(3),
        };
        meter.time(&ledger, &[(None, &timed)]);
        let lost = || vec![Err(Error::new(ErrorKind::NotFound, "there is no such subscription"))];
        meter.untold_latencies().told(lost(), |_| false).unwrap();
        assert_eq!(meter.untold_latencies().deltas().len(), 1, "its replica makes it anew");
        meter.untold_latencies().told(lost(), |id| *id == ledger).unwrap();
        assert!(meter.untold_latencies().deltas().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn latencies_that_can_not_be_told_are_told_the_next_time() {
        let meter = meter();
        let (tenant, ledger): (TenantId, SubscriptionId) = ("acme".parse().unwrap(), "billing/ledger".parse().unwrap());
        let (published, handling) = (Timestamp::now(), Duration::from_millis(3));
        let timed = Timed { event_type: "lead.created".parse().unwrap(), published, handling };
        meter.time(&ledger, &[(Some(&tenant), &timed)]);
        drop(meter.untold_latencies());
        meter.counted.notified().await;
        let untold = meter.untold_latencies();
        assert_eq!(untold.deltas()[0].latency.handling.count(), 1);
        untold.told(vec![Ok(())], |_| false).unwrap();
        assert!(meter.untold_latencies().deltas().is_empty());
        assert_eq!(meter.latencies(&ledger).all().handling.count(), 1);
    }
}
