//! `tekup config`.

use std::io::Write;

use clap::Subcommand;
use serde::Serialize;
use tekup_core::Environment;

use crate::{Ended, output::Row, server::BusArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows which bus the program would work with, without any password.
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Tells of each setting who has said it.
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    bus: BusArgs,
}

#[derive(Serialize)]
struct Setting {
    setting: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

impl Row<3> for Setting {
    const HEAD: [&str; 3] = ["SETTING", "VALUE", "ORIGIN"];

    fn cells(&self) -> [String; 3] {
        [self.setting.into(), self.value.clone(), self.origin.clone().unwrap_or_default()]
    }
}

pub(crate) fn run(command: &ConfigCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    let ConfigCommand::Show(args) = command;
    let address = args.bus.server.address(&Environment::of_process())?;
    let redis = address.config()?;
    let settings =
        [("redis", redis.host()?, &address.url_from), ("namespace", redis.namespace.clone(), &address.namespace_from)];
    let rows = settings.map(|(setting, value, origin)| {
        let origin = args.origin.then(|| origin.to_string());
        Setting { setting, value, origin }
    });
    args.bus.format().rows(out, rows)?;
    Ok(Ended::Well)
}
