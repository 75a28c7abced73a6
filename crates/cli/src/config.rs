//! `tekup config`.

use std::io::Write;

use clap::Subcommand;
use serde::Serialize;
use tekup_core::{
    BusConfig, Environment,
    settings::{Told, Value},
};
use tekup_redis_transport::{RedisConfig, sources};

use crate::{
    Ended,
    output::{self, Row},
    server::BusArgs,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows which bus the program would work with, and what a service would run with here, without any password.
    ///
    /// Every mistake in the environment and the file that it names is told at once. See docs/configuration.md.
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

/// Whose setting it is.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    /// This program's.
    Program,
    /// A service's that is started here.
    Service,
}

#[derive(Serialize)]
struct Setting {
    of: Of,
    setting: &'static str,
    value: Value,
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

impl Row<4> for Setting {
    const HEAD: [&str; 4] = ["OF", "SETTING", "VALUE", "ORIGIN"];

    fn cells(&self) -> [String; 4] {
        let of = match self.of {
            Of::Program => "program",
            Of::Service => "service",
        };
        let value = format!("{} {}", self.value, self.unit);
        let origin = self.origin.as_deref().unwrap_or_default();
        [of.into(), self.setting.into(), output::shown(value.trim(), 128), output::shown(origin, 256)]
    }
}

pub(crate) fn run(command: &ConfigCommand, out: &mut impl Write) -> anyhow::Result<Ended> {
    let ConfigCommand::Show(args) = command;
    let environment = Environment::of_process();
    let service = of_service(&environment)?;
    let rows = of_program(&args.bus, &environment)?.into_iter().chain(service);
    let rows = rows.map(|row| Setting { origin: row.origin.filter(|_| args.origin), ..row });
    args.bus.format().rows(out, rows)?;
    Ok(Ended::Well)
}

fn of_program(bus: &BusArgs, environment: &Environment) -> anyhow::Result<[Setting; 2]> {
    let address = bus.server.address(environment)?;
    let redis = address.config()?;
    let setting = |setting, value: &str, origin: &dyn ToString| {
        let (value, origin) = (value.into(), Some(origin.to_string()));
        Setting { of: Of::Program, setting, value, unit: "", origin }
    };
    let server = setting("server", &redis.host()?, &address.url_from);
    Ok([server, setting("namespace", &redis.namespace, &address.namespace_from)])
}

/// A service may have its name elsewhere, and whoever tends it has none: an absent name is no mistake here.
fn of_service(environment: &Environment) -> tekup_core::Result<impl Iterator<Item = Setting>> {
    let mut sources = sources(environment);
    let (BusConfig { .. }, RedisConfig { .. }) = (sources.part(), sources.part());
    sources.refuse_unknown();
    let row = |Told { setting, value, origin, .. }| Setting {
        of: Of::Service,
        setting: setting.key,
        value,
        unit: setting.unit,
        origin: Some(origin.to_string()),
    };
    Ok(sources.finish()?.into_iter().map(row))
}
