use std::io::Write;

use serde::Serialize;
use tekup_core::{
    EventBus, SubscriptionId,
    transport::{Books, Depths, Registration, Replicas, SubscriptionState},
};

use super::OneArgs;
use crate::{
    Ended,
    lanes::Lane,
    output::{Row, facts, table},
    policy,
    units::{at_or_none, short_or_none},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    subscription: SubscriptionId,
    registration: Registration,
    replicas: Replicas,
    state: SubscriptionState,
    books: Books,
    depths: Depths,
}

pub(super) fn run(args: &OneArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let shown = look(bus, &args.subscription).await?;
        args.bus.format().one(out, &shown, |out| tell(&shown, out))?;
        Ok(Ended::Well)
    })
}

async fn look(bus: &EventBus, id: &SubscriptionId) -> tekup_core::Result<Shown> {
    let name = id.to_string();
    Ok(Shown {
        registration: bus.registration(&name).await?,
        replicas: bus.replicas(&name).await?,
        state: bus.subscription_state(&name).await?,
        books: bus.books(&name).await?,
        depths: bus.depths(&name).await?,
        subscription: id.clone(),
    })
}

fn tell(shown: &Shown, out: &mut impl Write) -> anyhow::Result<()> {
    let Shown { registration, replicas, state, books, depths, .. } = shown;
    let listed = |names: Vec<String>| if names.is_empty() { "all".into() } else { names.join(", ") };
    let [attempts, of_each, handlers, retries, kept, begins] = policy::facts(registration.policy.as_ref());
    facts(
        out,
        [
            ("subscription", shown.subscription.to_string()),
            ("takes", listed(registration.patterns.iter().map(ToString::to_string).collect())),
            ("of tenants", listed(registration.tenants.iter().map(ToString::to_string).collect())),
            ("revision", registration.revision.to_string()),
            ("replicas", format!("{}, last heard of {}", replicas.alive, at_or_none(replicas.last_heard))),
            ("paused", state.paused.map_or_else(|| "no".into(), |since| format!("since {since}"))),
            ("rate limit", state.rate_limit.map_or_else(|| "none".into(), |limit| limit.to_string())),
            attempts,
            of_each,
            handlers,
            retries,
            kept,
            begins,
            ("oldest", short_or_none(depths.total.oldest)),
            ("published", books.published.to_string()),
            ("acked", books.acked.to_string()),
            ("ready", books.ready.to_string()),
            ("pending", books.pending.to_string()),
            ("retrying", books.retrying.to_string()),
            (
                "dead",
                format!(
                    "{}, and {} expired, {} purged, {} dropped",
                    books.dead, books.expired, books.purged, books.letters_dropped
                ),
            ),
            ("dropped", books.dropped.to_string()),
        ],
    )?;
    for lane in &registration.draining {
        writeln!(out, "drains {}:{}, where {} wait", lane.event_type, lane.priority, lane.waiting)?;
    }
    if !depths.lanes.is_empty() {
        writeln!(out)?;
        table(out, Lane::HEAD, depths.lanes.iter().map(|lane| Lane::of(&shown.subscription, lane).cells()))?;
    }
    Ok(())
}
