//! `tekup stats`.

use std::io::Write;

use serde::Serialize;
use tekup_core::{
    EventBus, TenantId,
    transport::{Counters, Depth, ListedSubscription},
};

use crate::{
    Ended,
    output::{facts, table, tell_next},
    server::BusArgs,
    subscriptions::{self, Page},
    units::{at_or_none, short_or_none},
};

#[derive(Debug, clap::Args)]
pub(crate) struct StatsArgs {
    /// Only what is of this tenant.
    #[arg(long)]
    tenant: Option<TenantId>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    counters: Counters,
    /// Events that wait for their time.
    scheduled: u64,
    subscriptions: Vec<OfSubscription>,
    /// Where the list of subscriptions goes on.
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfSubscription {
    subscription: String,
    depth: Depth,
    handling_p50_ms: Option<f64>,
    handling_p99_ms: Option<f64>,
    end_to_end_p99_ms: Option<f64>,
}

pub(crate) fn run(args: &StatsArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let stats = look(bus, args).await?;
        args.bus.format().one(out, &stats, |out| tell(&stats, out))?;
        Ok(Ended::Well)
    })
}

async fn look(bus: &EventBus, args: &StatsArgs) -> anyhow::Result<Stats> {
    let page = args.page.of(bus).await?;
    let (counters, scheduled) = match &args.tenant {
        Some(tenant) => {
            let tenant = bus.tenant(tenant.clone())?;
            (tenant.counters().await?, tenant.scheduled().await?)
        }
        None => (bus.counters().await?, bus.scheduled().await?),
    };
    let of = async |one: ListedSubscription| of_subscription(bus, args.tenant.as_ref(), one).await;
    let subscriptions = subscriptions::each(page.subscriptions, of).await?;
    Ok(Stats { counters, scheduled, subscriptions, next: page.next })
}

async fn of_subscription(
    bus: &EventBus,
    tenant: Option<&TenantId>,
    one: ListedSubscription,
) -> tekup_core::Result<OfSubscription> {
    let subscription = one.id.to_string();
    let (depth, latency) = match tenant {
        Some(tenant) => {
            let tenant = bus.tenant(tenant.clone())?;
            (tenant.depths(&subscription).await?.total, tenant.latencies(&subscription).await?.all())
        }
        None => (bus.depths(&subscription).await?.total, bus.latencies(&subscription).await?.all()),
    };
    let ms = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    Ok(OfSubscription {
        subscription,
        depth,
        handling_p50_ms: ms(latency.handling.p50()),
        handling_p99_ms: ms(latency.handling.p99()),
        end_to_end_p99_ms: ms(latency.end_to_end.p99()),
    })
}

fn tell(stats: &Stats, out: &mut impl Write) -> anyhow::Result<()> {
    let Counters { published, handled, failed, retried, dead_lettered, filtered, updated, .. } = stats.counters;
    facts(
        out,
        [
            ("published", published.to_string()),
            ("scheduled", stats.scheduled.to_string()),
            ("handled", handled.to_string()),
            ("failed", failed.to_string()),
            ("retried", retried.to_string()),
            ("dead-lettered", dead_lettered.to_string()),
            ("filtered", filtered.to_string()),
            ("average handling", short_or_none(stats.counters.average_handling())),
            ("last change", at_or_none(updated)),
        ],
    )?;
    writeln!(out)?;
    let head = ["SUBSCRIPTION", "READY", "IN FLIGHT", "RETRYING", "DEAD", "OLDEST", "P50", "P99", "END TO END P99"];
    table(out, head, stats.subscriptions.iter().map(OfSubscription::cells))?;
    tell_next(stats.next.as_deref());
    Ok(())
}

impl OfSubscription {
    fn cells(&self) -> [String; 9] {
        let Depth { ready, in_flight, retrying, dead, oldest, .. } = self.depth;
        let [ready, in_flight, retrying, dead] = [ready, in_flight, retrying, dead].map(|count| count.to_string());
        let times = [self.handling_p50_ms, self.handling_p99_ms, self.end_to_end_p99_ms];
        let [p50, p99, whole] = times.map(|ms| ms.map_or_else(|| "-".into(), |ms| format!("{ms:.1} ms")));
        [self.subscription.clone(), ready, in_flight, retrying, dead, short_or_none(oldest), p50, p99, whole]
    }
}
