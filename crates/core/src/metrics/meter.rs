use std::{collections::HashMap, sync::Mutex};

use tokio::sync::Notify;

use super::Tally;
use crate::{
    ids::TenantId,
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
    /// There is something to flush.
    pub(crate) counted: Notify,
}

#[derive(Default)]
struct State {
    process: Counters,
    unflushed: HashMap<TenantId, Counters>,
}

impl Meter {
    /// Takes a tally into the counters. An event of no tenant counts for the process alone.
    pub(crate) fn note(&self, tenant: Option<&TenantId>, tally: Tally) {
        if tally.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        let was_empty = state.unflushed.is_empty();
        state.process.add(tally.counters());
        state.process.updated = Some(Timestamp::now());
        let Some(tenant) = tenant else { return };
        match state.unflushed.get_mut(tenant) {
            Some(counters) => counters.add(tally.counters()),
            None => drop(state.unflushed.insert(tenant.clone(), *tally.counters())),
        }
        drop(state);
        if was_empty {
            self.counted.notify_one();
        }
    }

    /// What this process has counted.
    pub(crate) fn process(&self) -> Counters {
        lock(&self.state).process
    }

    /// Takes out what the others have not been told yet.
    pub(crate) fn take(&self) -> Vec<CounterDelta> {
        let unflushed = std::mem::take(&mut lock(&self.state).unflushed);
        let updated = Some(Timestamp::now());
        unflushed
            .into_iter()
            .map(|(tenant, counters)| CounterDelta { tenant, counters: Counters { updated, ..counters } })
            .collect()
    }

    /// Puts back what could not be told.
    pub(crate) fn put_back(&self, deltas: Vec<CounterDelta>) {
        let mut state = lock(&self.state);
        for delta in deltas {
            state.unflushed.entry(delta.tenant).or_default().add(&delta.counters);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_told_is_told_the_next_time() {
        let meter = Meter::default();
        let tenant: TenantId = "acme".parse().unwrap();
        meter.note(Some(&tenant), Tally::published());
        let untold = meter.take();
        meter.note(Some(&tenant), Tally::published());
        meter.put_back(untold);
        let told = meter.take();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].counters.published, 2);
        assert_eq!(meter.process().published, 2);
        assert!(meter.take().is_empty());
    }
}
