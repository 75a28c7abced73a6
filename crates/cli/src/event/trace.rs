use std::io::Write;

use anyhow::bail;
use tekup_core::{
    EventBus, EventId, TenantId, Trace, TraceNode,
    transport::{Stage, StoredEvent},
};

use crate::{Ended, server::BusArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// A correlation id, or the id of an event, whose correlation is meant.
    correlation: String,
    /// Whose events they are.
    #[arg(long)]
    tenant: TenantId,
    #[command(flatten)]
    bus: BusArgs,
}

pub(super) fn run(args: &TraceArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    args.bus.with_bus(async |bus| {
        let trace = find(bus, args).await?;
        args.bus.format().one(out, &trace, |out| tell(&trace, out))?;
        Ok(Ended::Well)
    })
}

/// By the text as it is, else by the correlation of the event that has it as its id.
async fn find(bus: &EventBus, args: &TraceArgs) -> anyhow::Result<Trace> {
    let (tenant, asked) = (&args.tenant, &args.correlation);
    let trace = bus.trace(tenant, asked).await?;
    if !trace.roots.is_empty() {
        return Ok(trace);
    }
    if let Ok(id) = asked.parse() {
        if let Some(stored) = bus.stored(tenant, id).await? {
            return of_event(bus, tenant, id, stored).await;
        }
        if bus.status(tenant, id).await?.stage != Stage::Unknown {
            bail!(
                "event {id} of tenant `{tenant}` is settled and not stored any more, and with it went its correlation: give \
                 the correlation id itself, as it is logged"
            );
        }
    }
    bail!(
        "no event of tenant `{tenant}` is known that belongs to this correlation: they are known as long as ids are remembered"
    )
}

/// An event that belongs to no correlation stands alone.
async fn of_event(bus: &EventBus, tenant: &TenantId, id: EventId, stored: StoredEvent) -> anyhow::Result<Trace> {
    let trace = bus.trace(tenant, stored.event()?.envelope().correlation_id()).await?;
    if !trace.roots.is_empty() {
        return Ok(trace);
    }
    let alone = TraceNode { id, event_type: stored.event_type, effects: Vec::new() };
    Ok(Trace { roots: vec![alone], ..trace })
}

fn tell(trace: &Trace, out: &mut impl Write) -> anyhow::Result<()> {
    trace.roots.iter().try_for_each(|root| tree(root, out))?;
    if !trace.is_complete {
        writeln!(out, "and more: no more than these are taken note of")?;
    }
    Ok(())
}

/// A line for each event, under its cause. A chain may be as long as a trace, so this does not call itself.
fn tree(root: &TraceNode, out: &mut impl Write) -> anyhow::Result<()> {
    let mut next = vec![(root, String::new(), "", "")];
    while let Some((node, before, branch, under)) = next.pop() {
        let event_type = node.event_type.as_ref().map_or("(not known any more)", |event_type| event_type.as_str());
        writeln!(out, "{before}{branch}{event_type}  {}", node.id)?;
        let before = format!("{before}{under}");
        let last = node.effects.len().saturating_sub(1);
        for (at, effect) in node.effects.iter().enumerate().rev() {
            let (branch, under) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            next.push((effect, before.clone(), branch, under));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(event_type: &str, effects: Vec<TraceNode>) -> TraceNode {
        TraceNode { id: EventId::generate(), event_type: event_type.parse().ok(), effects }
    }

    /// Without the ids.
    fn told(root: &TraceNode) -> Vec<String> {
        let mut out = Vec::new();
        tree(root, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(|line| line.rsplit_once("  ").unwrap().0.to_owned()).collect()
    }

    #[test]
    fn each_event_stands_under_its_cause() {
        let scored = node("lead.scored", vec![node("lead.qualified", vec![])]);
        let root = node("lead.created", vec![scored, node("lead.converted", vec![])]);
        assert_eq!(told(&root), ["lead.created", "├─ lead.scored", "│  └─ lead.qualified", "└─ lead.converted"]);
    }

    #[test]
    fn a_cause_that_is_not_known_any_more_is_said_to_be_so() {
        let root = TraceNode { event_type: None, ..node("lead.created", vec![node("lead.scored", vec![])]) };
        assert_eq!(told(&root)[0], "(not known any more)");
    }
}
