use std::{collections::HashMap, sync::Mutex};

use tokio::sync::Notify;

use super::{Latencies, LatencyDelta, Tally, Timed, timings::Timings};
use crate::{
    ids::{SubscriptionId, TenantId},
    sync::lock,
    timestamp::Timestamp,
    transport::{CounterDelta, Counters},
};

/// Counts for this process, and keeps what the others have not been told yet.
///
/// Per tenant only what happened since the last flush is held, so it does not grow with the number of tenants ever seen.
#[derive(Default)]
pub(crate) struct Meter {
    state: Mutex<State>,
    timings: Mutex<Timings>,
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
    /// One that counts how long it takes for each of these tenants too.
    pub(crate) fn by_tenant(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self { timings: Mutex::new(Timings::new(tenants)), ..Self::default() }
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

/// What the others have not been told yet.
pub(crate) struct Untold<'a> {
    meter: &'a Meter,
    deltas: Vec<CounterDelta>,
}

impl Untold<'_> {
    pub(crate) fn deltas(&self) -> &[CounterDelta] {
        &self.deltas
    }

    pub(crate) fn told(mut self) {
        self.deltas.clear();
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

    pub(crate) fn told(mut self) {
        self.deltas.clear();
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

    #[tokio::test(start_paused = true)]
    async fn what_can_not_be_told_is_told_the_next_time() {
        let meter = Meter::default();
        let tenant: TenantId = "acme".parse().unwrap();
        meter.note([(Some(&tenant), Tally::published())]);
        let failed = meter.untold();
        meter.note([(Some(&tenant), Tally::published())]);
        meter.counted.notified().await;
        drop(failed);
        // Whoever tells is told that there is something to tell again.
        meter.counted.notified().await;
        let untold = meter.untold();
        assert_eq!(untold.deltas().len(), 1);
        assert_eq!(untold.deltas()[0].counters.published, 2);
        untold.told();
        assert_eq!(meter.process().published, 2);
        assert!(meter.untold().deltas().is_empty());
    }
    #[tokio::test(start_paused = true)]
    async fn latencies_that_can_not_be_told_are_told_the_next_time() {
        let meter = Meter::default();
        let (tenant, ledger): (TenantId, SubscriptionId) = ("acme".parse().unwrap(), "billing/ledger".parse().unwrap());
        let (published, handling) = (Timestamp::now(), Duration::from_millis(3));
        let timed = Timed { event_type: "lead.created".parse().unwrap(), published, handling };
        meter.time(&ledger, &[(Some(&tenant), &timed)]);
        drop(meter.untold_latencies());
        meter.counted.notified().await;
        let untold = meter.untold_latencies();
        assert_eq!(untold.deltas()[0].latency.handling.count(), 1);
        untold.told();
        assert!(meter.untold_latencies().deltas().is_empty());
        assert_eq!(meter.latencies(&ledger).all().handling.count(), 1);
    }
}
