use std::io::{self, Write};

use anyhow::ensure;
use serde::Serialize;
use similar::TextDiff;
use tekup_contracts::{Contract, Lock, Registry, lock, lock::Report};
use tekup_core::EventType;

use super::{args::LockArgs, report};
use crate::{Ended, output::Format};

#[derive(Serialize)]
struct Answer {
    changes: Vec<Change>,
    #[serde(flatten)]
    report: report::Answer,
}

/// A version that is not as the last one that is locked.
#[derive(Serialize)]
struct Change {
    r#type: String,
    version: String,
    locked: String,
    diff: String,
}

pub(super) fn run(
    registry: &Registry,
    only: Option<&EventType>,
    args: &LockArgs,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<Ended> {
    let lock = Lock::at(&args.lock);
    let (locked, mut report) = (lock.contracts()?, lock.check(registry, args.mode)?);
    if let Some(only) = only {
        let is_known = locked.iter().chain(registry.contracts()).any(|contract| contract.event_type == *only);
        ensure!(is_known, "event `{only}` is neither locked nor known to this program");
        retain(&mut report, only);
    }
    let asked = registry.contracts().filter(|contract| only.is_none_or(|only| contract.event_type == *only));
    let changes: Vec<Change> = asked.filter_map(|contract| change(&locked, contract)).collect();
    let answer = Answer { changes, report: report::answer(&report) };
    format.one(out, &answer, |out| Ok(tell(&answer.changes, &report, out)?))?;
    Ok(if report.breaks() { Ended::WithFindings } else { Ended::Well })
}

fn retain(report: &mut Report, only: &EventType) {
    report.findings.retain(|finding| finding.event_type == *only);
    report.notes.retain(|note| note.event_type() == only);
}

/// None, if nothing has changed, or there is nothing to hold it to.
fn change(locked: &[Contract], contract: &Contract) -> Option<Change> {
    let is_before = |locked: &&Contract| locked.event_type == contract.event_type && locked.version <= contract.version;
    let before = locked.iter().rfind(is_before)?;
    (before.fingerprint() != contract.fingerprint()).then(|| Change {
        r#type: contract.event_type.to_string(),
        version: contract.version.to_string(),
        locked: before.version.to_string(),
        diff: diff(before, contract),
    })
}

fn diff(before: &Contract, now: &Contract) -> String {
    let name = |contract: &Contract, what: &str| format!("{} {} ({what})", contract.event_type, contract.version);
    let (old, new) = (lock::text(before), lock::text(now));
    let diff = TextDiff::from_lines(&old, &new);
    diff.unified_diff().header(&name(before, "locked"), &name(now, "now")).to_string()
}

fn tell(changes: &[Change], report: &Report, out: &mut impl Write) -> io::Result<()> {
    for change in changes {
        write!(out, "{}", change.diff)?;
    }
    report::tell(report, out)
}
