use std::io::Write;

use serde::Serialize;
use tekup_core::{
    Environment, EventBus, SubscriptionId,
    audit::{ActionEnd, ActionKind, ActionOutcome, AdminAction},
    transport::{Admin, Transport},
};
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
        let answer = Answer { subscription, repaired: recorded(&transport, &bus, subscription).await? };
        args.bus.format().one(out, &answer, |out| tell(&answer, out))?;
        Ok(Ended::Well)
    })
}

/// As all that operators do, it is recorded before it begins, and when it has ended.
async fn recorded(
    transport: &RedisTransport,
    bus: &EventBus,
    subscription: &SubscriptionId,
) -> tekup_core::Result<Vec<String>> {
    let operator = bus.config().operator.clone().unwrap_or_else(|| bus.service().to_string());
    let mut action = AdminAction::new(ActionKind::Repair, operator, bus.service().clone());
    action.subscription = Some(subscription.clone());
    transport.admin().record(&action).await?;
    let repaired = transport.repair(subscription).await;
    action.end = Some(match &repaired {
        Ok(all) => ActionEnd::new(ActionOutcome::Done, all.len() as u64),
        Err(_) => ActionEnd::new(ActionOutcome::Failed, 0),
    });
    transport.admin().record(&action).await?;
    repaired
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
