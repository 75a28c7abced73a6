//! From what was found in the store to what Prometheus reads.

use tekup_core::{TenantId, transport::Depth};

use super::{
    catalogue::{
        DEPTH, OLDEST, PAUSED, REPLICAS, STORE_LATENCY, STORE_LEFT_OUT, STORE_LOOK, STORE_SUBSCRIPTIONS, STORE_UP,
        TENANT_DEPTH,
    },
    family::Family,
};
use crate::store::{Looked, StoreLook};

/// Nothing of a look before the last is told as if it were of now: where the store does not answer, there are no depths.
pub(super) fn families(look: Option<&StoreLook>, tenants: &[TenantId]) -> Vec<Family> {
    let mut families = vec![Family::of(&STORE_UP).with(&[], look.is_some_and(|look| look.latency.is_some()))];
    let Some(look) = look else { return families };
    families.push(Family::of(&STORE_LOOK).with(&[], look.at.unix_millis() as f64 / 1_000.0));
    let Some(latency) = look.latency else { return families };
    let all = (look.subscriptions.len() + look.left_out) as u64;
    families.extend([
        Family::of(&STORE_LATENCY).with(&[], latency.as_secs_f64()),
        Family::of(&STORE_SUBSCRIPTIONS).with(&[], all),
        Family::of(&STORE_LEFT_OUT).with(&[], look.left_out as u64),
    ]);
    families.extend(of_subscriptions(&look.subscriptions, tenants));
    families
}

fn of_subscriptions(all: &[Looked], tenants: &[TenantId]) -> [Family; 5] {
    let (mut depth, mut of_tenant) = (Family::of(&DEPTH), Family::of(&TENANT_DEPTH));
    let (mut oldest, mut replicas, mut paused) = (Family::of(&OLDEST), Family::of(&REPLICAS), Family::of(&PAUSED));
    for looked in all {
        let (id, depths) = (looked.id.to_string(), &looked.depths);
        for (state, count) in states(&depths.total) {
            depth.add(&[&id, state], count);
        }
        for tenant in tenants.iter().map(TenantId::as_str) {
            for (state, count) in states(&depths.of_tenant(tenant)) {
                of_tenant.add(&[&id, tenant, state], count);
            }
        }
        oldest.add(&[&id], depths.total.oldest.unwrap_or_default().as_secs_f64());
        replicas.add(&[&id], looked.replicas);
        paused.add(&[&id], looked.is_paused);
    }
    [depth, of_tenant, oldest, replicas, paused]
}

fn states(depth: &Depth) -> [(&'static str, u64); 5] {
    let Depth { ready, in_flight, retrying, scheduled, dead, oldest: _ } = *depth;
    [("ready", ready), ("in_flight", in_flight), ("retrying", retrying), ("scheduled", scheduled), ("dead", dead)]
}
