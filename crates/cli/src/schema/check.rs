use std::io::Write;

use tekup_contracts::{Lock, Registry, lock::Report};

use super::{args::LockArgs, report};
use crate::{Ended, output::Format};

pub(super) fn run(
    registry: &Registry,
    args: &LockArgs,
    must_be_locked: bool,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<Ended> {
    let report = Lock::at(&args.lock).check(registry, args.mode)?;
    let is_well = !report.breaks() && (!must_be_locked || report::is_locked(&report));
    format.one(out, &report::answer(&report), |out| {
        report::tell(&report, out)?;
        Ok(writeln!(out, "{}", verdict(&report, registry, is_well))?)
    })?;
    Ok(if is_well { Ended::Well } else { Ended::WithFindings })
}

fn verdict(report: &Report, registry: &Registry, is_well: bool) -> String {
    let breaks = report.findings.len() + report.notes.iter().filter(|note| note.breaks()).count();
    match breaks {
        0 if is_well => format!("{} events, none of which breaks a reader", registry.newest().count()),
        0 => format!("{} in all: no reader breaks, and not all events are locked as they are", report.notes.len()),
        _ => format!(
            "{breaks} in all: take the change back, make the field optional, or give the event a new major version"
        ),
    }
}
