use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::ensure;
use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::RawEvent;

use super::read::{self, Found};
use crate::{Ended, args::Format};

#[derive(Serialize)]
struct Finding<'a> {
    /// Where in the file.
    event: &'a str,
    problem: &'a str,
}

pub(super) fn run(registry: &Registry, path: &Path, format: Format, out: &mut impl Write) -> anyhow::Result<Ended> {
    let validation = Validation::of(registry)?;
    let text = read::text(path)?;
    ensure!(!text.trim().is_empty(), "`{}` is empty: it holds no event", path.display());
    let mut report = Report { out, format, findings: 0 };
    let (mut valid, mut invalid) = (0_u64, 0_u64);
    report.begin()?;
    for event in read::events(&text) {
        let problems = problems(&event, &validation);
        *if problems.is_empty() { &mut valid } else { &mut invalid } += 1;
        problems.iter().try_for_each(|problem| report.finding(&Finding { event: &event.place, problem }))?;
    }
    report.end(valid, invalid)?;
    Ok(if invalid == 0 { Ended::Well } else { Ended::WithFindings })
}

fn problems(event: &Found<'_>, validation: &Validation) -> Vec<String> {
    let json = match &event.json {
        Ok(json) => (*json).to_owned(),
        Err(told) => return vec![told.clone()],
    };
    let raw = match RawEvent::parse(json) {
        Ok(raw) => raw,
        Err(error) => return error.problems().to_vec(),
    };
    let (event_type, version) = (&raw.envelope().event_type, &raw.envelope().version);
    if !validation.knows(event_type, version) {
        return vec![format!("`{event_type}` {version} is unknown to this program: use one that was built with it")];
    }
    validation.problems(&raw)
}

/// Told as it is found, for a file may hold more than memory should.
struct Report<'a, W> {
    out: &'a mut W,
    format: Format,
    findings: u64,
}

impl<W: Write> Report<'_, W> {
    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Table => Ok(()),
            Format::Json => write!(self.out, "{{\"findings\":["),
        }
    }

    fn finding(&mut self, finding: &Finding<'_>) -> anyhow::Result<()> {
        let comma = if self.findings == 0 { "" } else { "," };
        self.findings += 1;
        match self.format {
            Format::Table => writeln!(self.out, "{}: {}", finding.event, finding.problem)?,
            Format::Json => write!(self.out, "{comma}\n{}", serde_json::to_string(finding)?)?,
        }
        Ok(())
    }

    fn end(&mut self, valid: u64, invalid: u64) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(self.out, "{valid} valid, {invalid} invalid"),
            Format::Json => writeln!(self.out, "],\n\"valid\":{valid},\"invalid\":{invalid}}}"),
        }
    }
}
