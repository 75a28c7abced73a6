//! `tekup event`.

mod read;
mod validate;

use std::io::Write;

use tekup_contracts::Registry;

use crate::{Ended, args::EventCommand};

pub(crate) fn run(registry: &Registry, command: EventCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    match command {
        EventCommand::Validate { file, output } => validate::run(registry, &file, output.output, out),
    }
}
