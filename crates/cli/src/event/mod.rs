//! `tekup event`.

mod get;
pub(crate) mod read;
mod status;
mod trace;
pub(crate) mod validate;

use std::{io::Write, path::PathBuf};

use clap::Subcommand;
use tekup_contracts::Registry;
use tekup_core::{EventId, TenantId};

use crate::{Ended, args::Output, server::BusArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Shows an event as it is stored.
    Get(get::GetArgs),
    /// Tells where an event stands, for each subscription that it is for.
    Status(status::StatusArgs),
    /// Shows what an event caused, as a tree.
    Trace(trace::TraceArgs),
    /// Holds events to the schemas of their types.
    ///
    /// A file holds one event, a list of them, an object of them by any names, or one event a line.
    Validate {
        /// The file; `-` for the standard input.
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

/// One event of a bus.
#[derive(Debug, clap::Args)]
struct EventArgs {
    /// The event's id.
    id: EventId,
    /// Whose event it is: an id is one of its tenant's.
    #[arg(long)]
    tenant: TenantId,
    #[command(flatten)]
    bus: BusArgs,
}

pub(crate) fn run(registry: &Registry, command: EventCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    match command {
        EventCommand::Get(args) => get::run(&args, out),
        EventCommand::Status(args) => status::run(&args, out),
        EventCommand::Trace(args) => trace::run(&args, out),
        EventCommand::Validate { file, output } => validate::run(registry, &file, output.output, out),
    }
}
