//! What a check of the lock has found, as it is told.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use tekup_contracts::{Finding, lock::Note, lock::Report};

#[derive(Serialize)]
pub(super) struct Answer {
    breaks: bool,
    /// Whether all events are locked as they are.
    locked: bool,
    findings: Vec<Value>,
    notes: Vec<Value>,
}

pub(super) fn answer(report: &Report) -> Answer {
    let note = |note: &Note| json!({"breaks": note.breaks(), "message": note.to_string()});
    Answer {
        breaks: report.breaks(),
        locked: is_locked(report),
        findings: report.findings.iter().map(finding).collect(),
        notes: report.notes.iter().map(note).collect(),
    }
}

pub(super) fn is_locked(report: &Report) -> bool {
    report.findings.is_empty() && report.notes.is_empty()
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

pub(super) fn tell(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "breaks: {finding}")?;
    }
    for note in &report.notes {
        writeln!(out, "{}: {note}", if note.breaks() { "breaks" } else { "note" })?;
    }
    Ok(())
}
