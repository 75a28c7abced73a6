//! `tekup explain`.

use std::io::Write;

use serde::Serialize;
use tekup_contracts::Registry;
use tekup_core::{
    EventBus, EventType, Priority, RateLimit, TenantId, Timestamp,
    transport::{ListedSubscription, Policy, Registration},
};

use crate::{
    Ended,
    output::{Row, note},
    policy,
    server::BusArgs,
    subscriptions::{self, Page},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The type of event, such as `lead.created`.
    event_type: EventType,
    /// Of this tenant.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Its priority; else that of its type, or medium for a type that this program does not know.
    #[arg(long)]
    priority: Option<Priority>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

/// Whether a subscription gets it, and why.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    subscription: String,
    gets: bool,
    why: String,
    /// Through which lane.
    lane: Option<String>,
    /// How many are alive.
    replicas: u64,
    /// Since when it is paused.
    paused: Option<Timestamp>,
    rate_limit: Option<RateLimit>,
    revision: u64,
    /// As the newest process has told; nothing if none has.
    policy: Option<Policy>,
}

impl Row<6> for Verdict {
    const HEAD: [&str; 6] = ["SUBSCRIPTION", "GETS IT", "WHY", "LANE", "READERS", "POLICY"];

    fn cells(&self) -> [String; 6] {
        let gets = if self.gets { "yes" } else { "no" };
        let lane = self.lane.clone().unwrap_or_else(|| "-".into());
        let policy = policy::in_short(self.policy.as_ref());
        [self.subscription.clone(), gets.into(), self.why.clone(), lane, self.readers(), policy]
    }
}

impl Verdict {
    fn readers(&self) -> String {
        let mut parts = vec![match self.replicas {
            0 => "nobody reads it".into(),
            1 => "1 replica".into(),
            many => format!("{many} replicas"),
        }];
        parts.extend(self.paused.map(|since| format!("paused since {since}")));
        parts.extend(self.rate_limit.map(|limit| limit.to_string()));
        if self.revision > 0 {
            parts.push(format!("revision {}", self.revision));
        }
        parts.join(", ")
    }
}

pub(crate) fn run(registry: &Registry, args: &ExplainArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let known = registry.versions_of(args.event_type.as_str()).last();
    if known.is_none() {
        note(&format!("`{}` is unknown to this program: check its name", args.event_type));
    }
    let priority = args.priority.or(known.map(|contract| contract.priority)).unwrap_or_default();
    args.bus.with_bus(async |bus| {
        let page = args.page.of(bus).await?;
        let mut verdicts =
            subscriptions::each(page.subscriptions, async |one| look(bus, args, priority, one).await).await?;
        // Those that get it first.
        verdicts.sort_by_key(|verdict| !verdict.gets);
        args.bus.format().part(out, verdicts, page.next.as_deref())?;
        Ok(Ended::Well)
    })
}

async fn look(
    bus: &EventBus,
    args: &ExplainArgs,
    priority: Priority,
    one: ListedSubscription,
) -> tekup_core::Result<Verdict> {
    let subscription = one.id.to_string();
    let registration = bus.registration(&subscription).await?;
    let state = bus.subscription_state(&subscription).await?;
    let (gets, why) = match one.removing {
        true => (false, "its removal was begun".into()),
        false => judge(&registration, &args.event_type, args.tenant.as_ref()),
    };
    let lane = gets.then(|| format!("{}:{priority}", args.event_type));
    let (replicas, paused, rate_limit) = (one.replicas.alive, state.paused, state.rate_limit);
    let Registration { revision, policy, .. } = registration;
    Ok(Verdict { subscription, gets, why, lane, replicas, paused, rate_limit, revision, policy })
}

fn judge(registration: &Registration, event_type: &EventType, tenant: Option<&TenantId>) -> (bool, String) {
    let patterns = || listed(&registration.patterns);
    if !registration.takes(event_type) {
        let drains = registration.draining.iter().any(|lane| lane.event_type == *event_type);
        let drained = if drains { ", and drains what it took before" } else { "" };
        return (false, format!("takes {} only{drained}", patterns()));
    }
    let of_tenants = || listed(&registration.tenants);
    match tenant {
        _ if registration.tenants.is_empty() => (true, format!("takes {}", patterns())),
        Some(tenant) if !registration.tenants.contains(tenant) => {
            (false, format!("takes tenants {} only", of_tenants()))
        }
        _ => (true, format!("takes {} of tenants {}", patterns(), of_tenants())),
    }
}

fn listed<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_it_is_told_with_the_reason() {
        let of = |patterns: &[&str], tenants: &[&str]| {
            let parse = |name: &&str| name.parse().unwrap();
            Registration::new(
                patterns.iter().map(|name| name.parse().unwrap()).collect(),
                tenants.iter().map(parse).collect(),
            )
        };
        let table: [(Registration, Option<&str>, bool, &str); 5] = [
            (of(&["lead.*"], &[]), None, true, "takes `lead.*`"),
            (of(&["proposal.*", "*.done"], &[]), None, false, "takes `proposal.*`, `*.done` only"),
            (of(&["lead.*"], &["acme"]), None, true, "takes `lead.*` of tenants `acme`"),
            (of(&["lead.*"], &["acme"]), Some("acme"), true, "takes `lead.*` of tenants `acme`"),
            (of(&["lead.*"], &["acme"]), Some("globex"), false, "takes tenants `acme` only"),
        ];
        for (registration, tenant, gets, why) in table {
            let tenant = tenant.map(|name| name.parse().unwrap());
            let judged = judge(&registration, &"lead.created".parse().unwrap(), tenant.as_ref());
            assert_eq!(judged, (gets, why.to_owned()), "{tenant:?}");
        }
    }
}
