use std::io::Write;

use serde::Serialize;
use tekup_core::{Environment, SubscriptionId};
use tekup_redis_transport::RedisTransport;

use super::OneArgs;
use crate::{Ended, server::in_runtime};

#[derive(Serialize)]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    /// Some of what was lost, and is known again.
    repaired: Vec<String>,
}

pub(super) fn run(args: &OneArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let OneArgs { subscription, bus } = args;
    let config = bus.server.address(&Environment::of_process())?.config()?;
    in_runtime(async {
        let transport = RedisTransport::visit(&config).await?;
        let answer = Answer { subscription, repaired: transport.repair(subscription).await? };
        bus.format().one(out, &answer, |out| tell(&answer, out))?;
        Ok(Ended::Well)
    })
}

fn tell(answer: &Answer<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let Answer { subscription, repaired } = answer;
    if repaired.is_empty() {
        writeln!(out, "`{subscription}` has lost no place")?;
    }
    for place in repaired {
        writeln!(out, "`{subscription}` has its place again: {place}")?;
    }
    Ok(())
}
