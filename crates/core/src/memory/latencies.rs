use std::collections::HashMap;

use crate::{
    ids::{SubscriptionId, TenantId},
    metrics::{Latencies, LatencyDelta},
};

/// How long deliveries took in all processes.
#[derive(Debug, Default)]
pub(super) struct AllLatencies(HashMap<(SubscriptionId, Option<TenantId>), Latencies>);

impl AllLatencies {
    pub(super) fn add(&mut self, LatencyDelta { subscription, tenant, event_type, latency }: LatencyDelta) {
        self.0.entry((subscription, tenant)).or_default().add(event_type.as_ref(), &latency);
    }

    pub(super) fn remove(&mut self, subscription: &SubscriptionId) {
        self.0.retain(|(id, _), _| id != subscription);
    }

    pub(super) fn of(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Latencies {
        self.0.get(&(subscription.clone(), tenant.cloned())).cloned().unwrap_or_default()
    }
}
