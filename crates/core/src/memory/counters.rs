use std::collections::HashMap;

use crate::{
    ids::TenantId,
    timestamp::Timestamp,
    transport::{CounterDelta, Counters},
};

/// What all processes have counted.
#[derive(Debug, Default)]
pub(super) struct AllCounters {
    bus: Counters,
    tenants: HashMap<TenantId, Counters>,
}

impl AllCounters {
    pub(super) fn add(&mut self, delta: CounterDelta, now: Timestamp) {
        let mut counted = delta.counters;
        if counted == Counters::default() {
            return;
        }
        counted.updated = counted.updated.or(Some(now));
        self.bus.add(&counted);
        self.tenants.entry(delta.tenant).or_default().add(&counted);
    }

    pub(super) fn of(&self, tenant: Option<&TenantId>) -> Counters {
        match tenant {
            None => self.bus,
            Some(tenant) => self.tenants.get(tenant).copied().unwrap_or_default(),
        }
    }
}
