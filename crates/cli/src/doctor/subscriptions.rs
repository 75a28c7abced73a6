//! What is wrong with subscriptions.

use std::time::Duration;

use tekup_core::Timestamp;

use super::{
    Thresholds,
    facts::{Deaths, SubscriptionFacts},
    finding::Finding,
};
use crate::{
    output::shown,
    server::Address,
    units::{short, short_or_none},
};

/// How much of an error is told, in characters.
const ERROR: usize = 120;

pub(super) fn findings(
    one: &SubscriptionFacts,
    thresholds: &Thresholds,
    now: Timestamp,
    address: &Address,
) -> Vec<Finding> {
    if let Some(found) = half_removed(one, address) {
        return vec![found];
    }
    let held_up = dead(one, thresholds, now, address).or_else(|| paused(one, now, address));
    let held_up = held_up.or_else(|| slow(one, thresholds, address));
    [held_up, lost(one, address), letters(one, address)].into_iter().flatten().collect()
}

fn half_removed(one: &SubscriptionFacts, address: &Address) -> Option<Finding> {
    let id = &one.id;
    one.removing.then(|| {
        Finding::warning("half-removed", format!("the removal of `{id}` was begun, and not finished"))
            .run(address.tekup(&format!("sub remove {id} --yes")))
    })
}

fn dead(one: &SubscriptionFacts, thresholds: &Thresholds, now: Timestamp, address: &Address) -> Option<Finding> {
    let silent = one.replicas.last_heard.map(|heard| now.since(heard));
    if one.replicas.alive > 0 || silent.is_some_and(|silent| silent < thresholds.max_silent) {
        return None;
    }
    let (id, service) = (&one.id, one.id.split('/').next().unwrap_or_default());
    let since = silent.map_or_else(|| "for long".into(), |silent| format!("for {}", short(silent)));
    let what = format!("nobody has read `{id}` {since}, and {} events wait for it", one.depth.ready);
    let finding = Finding::warning("dead-subscription", what)
        .advise(format!("start the service `{service}`; or, if nobody will ever read it again, delete it for good:"))
        .if_meant(address.tekup(&format!("sub remove {id} --yes")));
    Some(finding)
}

fn paused(one: &SubscriptionFacts, now: Timestamp, address: &Address) -> Option<Finding> {
    let since = one.state.paused?;
    let (id, ready) = (&one.id, one.depth.ready);
    let what = format!("`{id}` is paused for {}, and {ready} events wait for it", short(now.since(since)));
    Some(Finding::warning("paused", what).run(address.tekup(&format!("sub resume {id}"))))
}

fn slow(one: &SubscriptionFacts, thresholds: &Thresholds, address: &Address) -> Option<Finding> {
    let depth = &one.depth;
    let is_old = depth.oldest.is_some_and(|oldest| oldest >= thresholds.max_age);
    if !is_old && depth.ready <= thresholds.max_waiting {
        return None;
    }
    let (id, alive) = (&one.id, one.replicas.alive);
    let what = format!("{} events wait for `{id}`, the oldest for {}", depth.ready, short_or_none(depth.oldest));
    if let Some(limit) = one.state.rate_limit {
        let finding = Finding::warning("rate-limited", format!("{what}: it is limited to {limit}"));
        return Some(finding.run(address.tekup(&format!("sub limit {id} none"))));
    }
    let took = one.handling_p50_ms.map_or_else(String::new, |ms| {
        format!(", half of what was ever handled took more than {}", short(Duration::from_secs_f64(ms / 1e3)))
    });
    let finding =
        Finding::warning("slow", format!("{what}; it has {alive} replicas, {} are in flight{took}", depth.in_flight));
    Some(
        finding
            .advise("start more replicas, or restart them with more handlers at once: a larger EVENT_BUS_CONCURRENCY"),
    )
}

fn lost(one: &SubscriptionFacts, address: &Address) -> Option<Finding> {
    let id = &one.id;
    (!one.lost.is_empty()).then(|| {
        let what =
            format!("Redis has lost the place of `{id}` in {}: nothing is handed out from there", one.lost.join(", "));
        Finding::error("place-lost", what)
            .run(address.tekup(&format!("sub repair {id}")))
            .advise("find out what deletes keys or groups in Redis; what was settled since the last trim comes again")
    })
}

fn letters(one: &SubscriptionFacts, address: &Address) -> Option<Finding> {
    let (id, dead) = (&one.id, one.depth.dead);
    (dead > 0).then(|| {
        let of = one.deaths.as_ref().map_or_else(String::new, |Deaths { error, count, looked_at }| {
            format!(", {count} of the first {looked_at} of `{}`", shown(error, ERROR))
        });
        Finding::warning("dead-letters", format!("{dead} events of `{id}` have died{of}"))
            .advise(format!(
                "look at them with `{}`, and mend the cause; then:",
                address.tekup(&format!("dlq ls {id}"))
            ))
            .run(address.tekup(&format!("dlq replay {id} --all --yes")))
    })
}
