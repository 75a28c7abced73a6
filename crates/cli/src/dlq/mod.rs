//! `tekup dlq`.

mod chosen;
mod count;
mod job;
mod ls;
mod show;

use std::io::Write;

use clap::Subcommand;
use tekup_contracts::Registry;
use tekup_core::SubscriptionId;

use crate::{Ended, server::BusArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// Lists dead letters, and counts them.
    Ls(ls::LsArgs),
    /// Shows a dead letter: what it was, and why it died.
    Show(show::ShowArgs),
    /// Gives dead letters to their subscription again. They are counted first.
    Replay(job::ReplayArgs),
    /// Deletes dead letters for good. They are counted first.
    Purge(job::PurgeArgs),
}

/// Whose dead letters.
#[derive(Debug, clap::Args)]
struct Whose {
    /// The subscription: `<service>/<name>`.
    subscription: SubscriptionId,
    #[command(flatten)]
    bus: BusArgs,
}

pub(crate) fn run(registry: &Registry, command: DlqCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    match command {
        DlqCommand::Ls(args) => ls::run(&args, out),
        DlqCommand::Show(args) => show::run(&args, out),
        DlqCommand::Replay(args) => job::replay(registry, &args, out),
        DlqCommand::Purge(args) => job::purge(&args, out),
    }
}
