use std::io::Write;

use serde::Serialize;
use tekup_core::{
    EventBus, Timestamp,
    transport::{Depth, ListedSubscription},
};

use crate::{
    Ended,
    output::Row,
    server::BusArgs,
    subscriptions::{self, Page},
    units::short_or_none,
};

#[derive(Debug, clap::Args)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    subscription: String,
    replicas: u64,
    last_heard: Option<Timestamp>,
    paused: Option<Timestamp>,
    removing: bool,
    depth: Depth,
}

pub(super) fn run(args: &LsArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let page = args.page.of(bus).await?;
        let rows = subscriptions::each(page.subscriptions, async |one| look(bus, one).await).await?;
        args.bus.format().part(out, rows, page.next.as_deref())?;
        Ok(Ended::Well)
    })
}

async fn look(bus: &EventBus, one: ListedSubscription) -> tekup_core::Result<Listed> {
    let subscription = one.id.to_string();
    // One that is half removed has no depths any more.
    let (depth, paused) = if one.removing {
        (Depth::default(), None)
    } else {
        (bus.depths(&subscription).await?.total, bus.subscription_state(&subscription).await?.paused)
    };
    let (replicas, last_heard) = (one.replicas.alive, one.replicas.last_heard);
    Ok(Listed { subscription, replicas, last_heard, paused, removing: one.removing, depth })
}

impl Listed {
    fn state(&self) -> &'static str {
        match self {
            Self { removing: true, .. } => "half removed",
            Self { paused: Some(_), .. } => "paused",
            Self { replicas: 0, .. } => "nobody reads it",
            _ => "runs",
        }
    }
}

impl Row<9> for Listed {
    const HEAD: [&str; 9] =
        ["SUBSCRIPTION", "STATE", "REPLICAS", "READY", "IN FLIGHT", "RETRYING", "SCHEDULED", "DEAD", "OLDEST"];

    fn cells(&self) -> [String; 9] {
        let Depth { ready, in_flight, retrying, scheduled, dead, oldest, .. } = self.depth;
        let [replicas, ready, in_flight, retrying, scheduled, dead] =
            [self.replicas, ready, in_flight, retrying, scheduled, dead].map(|count| count.to_string());
        let (name, state, oldest) = (self.subscription.clone(), self.state().into(), short_or_none(oldest));
        [name, state, replicas, ready, in_flight, retrying, scheduled, dead, oldest]
    }
}
