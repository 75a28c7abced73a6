//! `tekup sub`.

mod limit;
mod ls;
mod pause;
mod remove;
mod repair;
mod show;

use std::io::Write;

use clap::Subcommand;
use tekup_core::SubscriptionId;

use crate::{Ended, server::BusArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum SubCommand {
    /// Lists subscriptions, and how each stands.
    Ls(ls::LsArgs),
    /// Shows all that is known of a subscription.
    Show(OneArgs),
    /// Stops handing out its events, in all processes, until it is resumed.
    Pause(pause::PauseArgs),
    /// Lets a paused subscription go on, where it was.
    Resume(pause::PauseArgs),
    /// Limits how many of its events are handed out in a time, over all its replicas.
    Limit(limit::LimitArgs),
    /// Makes its place anew where Redis has lost it; its replicas do that by themselves, if any runs.
    Repair(OneArgs),
    /// Deletes a subscription for good: its position, its retries and its dead letters.
    Remove(remove::RemoveArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// The subscription: `<service>/<name>`.
    subscription: SubscriptionId,
    #[command(flatten)]
    bus: BusArgs,
}

pub(crate) fn run(command: SubCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    match command {
        SubCommand::Ls(args) => ls::run(&args, out),
        SubCommand::Show(args) => show::run(&args, out),
        SubCommand::Pause(args) => pause::run(&args, true, out),
        SubCommand::Resume(args) => pause::run(&args, false, out),
        SubCommand::Limit(args) => limit::run(&args, out),
        SubCommand::Repair(args) => repair::run(&args, out),
        SubCommand::Remove(args) => remove::run(&args, out),
    }
}
