use std::io::Write;

use serde::Serialize;
use tekup_core::{Environment, SubscriptionId, audit::ActionKind};
use tekup_redis_transport::RedisTransport;

use super::OneArgs;
use crate::{
    Ended,
    server::{in_runtime, visit},
};

#[derive(Serialize)]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    /// Some of what was lost, and is known again.
    repaired: Vec<String>,
}

pub(super) fn run(args: &OneArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let subscription = &args.subscription;
    let environment = Environment::of_process();
    let config = args.bus.server.address(&environment)?.config()?;
    in_runtime(async {
        let transport = RedisTransport::visit(&config).await?;
        let bus = visit(transport.clone(), &environment)?;
        // Who is not registered is told with who is.
        bus.registration(subscription.to_string()).await?;
        let repair = Box::pin(transport.repair(subscription));
        let repaired = bus.record(ActionKind::Repair, subscription, repair, |all| all.len() as u64).await?;
        let answer = Answer { subscription, repaired };
        args.bus.format().one(out, &answer, |out| tell(&answer, out))?;
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
