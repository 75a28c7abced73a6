use std::io::Write;

use anyhow::{Context, bail};
use tekup_contracts::{Contract, Registry};

use super::args::EventName;
use crate::{Ended, output};

pub(super) fn run(
    registry: &Registry,
    event: &EventName,
    written: bool,
    out: &mut impl Write,
) -> anyhow::Result<Ended> {
    let contract = find(registry, event)?;
    output::json(out, if written { &contract.writes } else { &contract.reads })?;
    Ok(Ended::Well)
}

fn find<'registry>(registry: &'registry Registry, event: &EventName) -> anyhow::Result<&'registry Contract> {
    let versions: Vec<&Contract> = registry.versions_of(event.event_type.as_str()).collect();
    let newest = versions.last().with_context(|| unknown(registry, event))?;
    let Some(version) = &event.version else { return Ok(newest) };
    match versions.iter().find(|contract| contract.version == *version) {
        Some(contract) => Ok(contract),
        None => {
            let known: Vec<String> = versions.iter().map(|contract| contract.version.to_string()).collect();
            bail!("`{}` has no version {version}: this program knows {}", event.event_type, known.join(", "))
        }
    }
}

fn unknown(registry: &Registry, event: &EventName) -> String {
    let same_start =
        |name: &str| name.bytes().zip(event.event_type.as_str().bytes()).take_while(|(a, b)| a == b).count();
    let names = registry.newest().map(|contract| contract.event_type.as_str());
    match names.max_by_key(|name| same_start(name)) {
        Some(nearest) => format!("event `{}` is unknown to this program: did you mean `{nearest}`?", event.event_type),
        None => format!("event `{}` is unknown: this program knows no events at all", event.event_type),
    }
}
