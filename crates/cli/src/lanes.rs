//! `tekup lanes`.

use std::io::Write;

use serde::Serialize;
use tekup_core::{
    Priority, SubscriptionId,
    transport::{Depth, Depths, LaneDepth},
};

use crate::{
    Ended,
    output::Row,
    server::BusArgs,
    subscriptions::{self, Page},
    units::short_or_none,
};

#[derive(Debug, clap::Args)]
pub(crate) struct LanesArgs {
    /// The subscription, `<service>/<name>`; else all of them.
    #[arg(conflicts_with_all = ["limit", "after"])]
    subscription: Option<SubscriptionId>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

/// What waits for a subscription in one lane.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lane {
    subscription: String,
    event_type: String,
    priority: Priority,
    /// The store has lost its place there.
    lost: bool,
    depth: Depth,
}

impl Lane {
    pub(crate) fn of(subscription: &SubscriptionId, lane: &LaneDepth) -> Self {
        Self {
            subscription: subscription.to_string(),
            event_type: lane.event_type.to_string(),
            priority: lane.priority,
            lost: lane.lost,
            depth: lane.depth,
        }
    }
}

impl Row<8> for Lane {
    const HEAD: [&str; 8] = ["SUBSCRIPTION", "LANE", "READY", "IN FLIGHT", "RETRYING", "DEAD", "OLDEST", "PLACE"];

    fn cells(&self) -> [String; 8] {
        let Depth { ready, in_flight, retrying, dead, oldest, .. } = self.depth;
        let [ready, in_flight, retrying, dead] = [ready, in_flight, retrying, dead].map(|count| count.to_string());
        let (lane, oldest) = (format!("{}:{}", self.event_type, self.priority), short_or_none(oldest));
        let place = if self.lost { "lost" } else { "known" };
        [self.subscription.clone(), lane, ready, in_flight, retrying, dead, oldest, place.into()]
    }
}

pub(crate) fn run(args: &LanesArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let (ids, next) = match &args.subscription {
            Some(id) => {
                let depths = bus.depths(id.to_string()).await?;
                (vec![(id.clone(), depths)], None)
            }
            None => {
                let page = args.page.of(bus).await?;
                let depths = async |id: SubscriptionId| Ok((id.clone(), bus.depths(id.to_string()).await?));
                let listed = page.subscriptions;
                (subscriptions::each(listed, async |one| depths(one.id).await).await?, page.next)
            }
        };
        args.bus.format().part(out, ids.iter().flat_map(lanes), next.as_deref())?;
        Ok(Ended::Well)
    })
}

fn lanes((id, depths): &(SubscriptionId, Depths)) -> impl Iterator<Item = Lane> {
    depths.lanes.iter().map(|lane| Lane::of(id, lane))
}
