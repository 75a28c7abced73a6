use std::io::Write;

use serde::Serialize;
use tekup_core::SubscriptionId;

use super::OneArgs;
use crate::Ended;

#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Only tells what would be done.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    paused: bool,
    changed: bool,
    dry_run: bool,
}

pub(super) fn run(args: &PauseArgs, pauses: bool, out: &mut impl Write) -> anyhow::Result<Ended> {
    let PauseArgs { one: OneArgs { subscription, bus: bus_args }, dry_run } = args;
    bus_args.with_bus(async |bus| {
        let name = subscription.to_string();
        let changed = match (dry_run, pauses) {
            (true, _) => bus.subscription_state(&name).await?.paused.is_some() != pauses,
            (false, true) => bus.pause(&name).await?,
            (false, false) => bus.resume(&name).await?,
        };
        let answer = Answer { subscription, paused: pauses, changed, dry_run: *dry_run };
        bus_args.format().one(out, &answer, |out| Ok(writeln!(out, "{}", told(&answer))?))?;
        Ok(Ended::Well)
    })
}

fn told(answer: &Answer<'_>) -> String {
    let Answer { subscription, paused, changed, dry_run } = answer;
    let state = if *paused { "paused" } else { "running" };
    match (changed, dry_run) {
        (true, false) => format!("`{subscription}` is {state} now"),
        (true, true) => format!("`{subscription}` would be {state}"),
        (false, _) => format!("`{subscription}` is {state} already"),
    }
}
