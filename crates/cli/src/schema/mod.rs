//! `tekup schema`.

mod args;
mod check;
mod diff;
mod lock;
mod ls;
mod report;
mod show;

use std::io::Write;

use tekup_contracts::Registry;

pub(crate) use self::args::SchemaCommand;
use crate::Ended;

pub(crate) fn run(registry: &Registry, command: SchemaCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    match command {
        SchemaCommand::Ls { output } => ls::run(registry, output.output, out),
        SchemaCommand::Show { event, written, output: _ } => show::run(registry, &event, written, out),
        SchemaCommand::Check { lock, locked, output } => check::run(registry, &lock, locked, output.output, out),
        SchemaCommand::Diff { event, lock, output } => diff::run(registry, event.as_ref(), &lock, output.output, out),
        SchemaCommand::Lock { lock, amend, output } => lock::run(registry, &lock, amend, output.output, out),
    }
}
