use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};
use tekup_contracts::{Finding, Lock, Registry, lock::Note, lock::Report};

use crate::{
    Ended,
    args::{Format, LockArgs},
    output,
};

#[derive(Serialize)]
struct Answer {
    breaks: bool,
    findings: Vec<Value>,
    notes: Vec<Value>,
}

pub(super) fn run(registry: &Registry, args: &LockArgs, format: Format, out: &mut impl Write) -> anyhow::Result<Ended> {
    let report = Lock::at(&args.lock).check(registry, args.mode)?;
    match format {
        Format::Json => output::json(out, &answer(&report))?,
        Format::Table => tell(&report, registry, out)?,
    }
    Ok(if report.breaks() { Ended::WithFindings } else { Ended::Well })
}

fn answer(report: &Report) -> Answer {
    let note = |note: &Note| json!({"breaks": note.breaks(), "message": note.to_string()});
    Answer {
        breaks: report.breaks(),
        findings: report.findings.iter().map(finding).collect(),
        notes: report.notes.iter().map(note).collect(),
    }
}

fn finding(finding: &Finding) -> Value {
    json!({
        "type": finding.event_type.as_str(),
        "reader": finding.reader.to_string(),
        "writer": finding.writer.to_string(),
        "field": finding.field,
        "why": finding.why,
        "message": finding.to_string(),
    })
}

fn tell(report: &Report, registry: &Registry, out: &mut impl Write) -> std::io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "breaks: {finding}")?;
    }
    for note in &report.notes {
        writeln!(out, "{}: {note}", if note.breaks() { "breaks" } else { "note" })?;
    }
    let count = registry.newest().count();
    match report.findings.len() + report.notes.iter().filter(|note| note.breaks()).count() {
        0 => writeln!(out, "{count} events, none of which breaks a reader"),
        breaks => writeln!(
            out,
            "{breaks} in all: take the change back, make the field optional, or give the event a new major version"
        ),
    }
}
