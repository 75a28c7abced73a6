use std::io::Write;

use similar::TextDiff;
use tekup_contracts::{Contract, Lock, Registry, compatibility};
use tekup_core::EventType;

use crate::{Ended, args::LockArgs};

pub(super) fn run(
    registry: &Registry,
    only: Option<&EventType>,
    args: &LockArgs,
    out: &mut impl Write,
) -> anyhow::Result<Ended> {
    let locked = Lock::at(&args.lock).contracts()?;
    if let Some(event_type) = only {
        let is_known = locked.iter().chain(registry.contracts()).any(|contract| contract.event_type == *event_type);
        anyhow::ensure!(is_known, "event `{event_type}` is neither locked nor known to this program");
    }
    for contract in registry.newest().filter(|contract| only.is_none_or(|only| contract.event_type == *only)) {
        let before = locked
            .iter()
            .rfind(|locked| locked.event_type == contract.event_type && locked.version <= contract.version);
        match before {
            None => writeln!(out, "`{}` {} is new: it is not locked", contract.event_type, contract.version)?,
            Some(before) => show(before, contract, args, out)?,
        }
    }
    Ok(Ended::Well)
}

/// Nothing, if nothing has changed.
fn show(before: &Contract, after: &Contract, args: &LockArgs, out: &mut impl Write) -> anyhow::Result<()> {
    if before.fingerprint() == after.fingerprint() {
        return Ok(());
    }
    let name = |contract: &Contract, what: &str| format!("{} {} ({what})", contract.event_type, contract.version);
    let (old, new) = (lines(before)?, lines(after)?);
    let diff = TextDiff::from_lines(&old, &new);
    write!(out, "{}", diff.unified_diff().header(&name(before, "locked"), &name(after, "now")))?;
    for finding in compatibility::check(std::slice::from_ref(before), after, args.mode)? {
        writeln!(out, "breaks: {finding}")?;
    }
    Ok(())
}

fn lines(contract: &Contract) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&contract.reads).map(|json| json + "\n")
}
