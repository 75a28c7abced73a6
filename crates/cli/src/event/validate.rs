use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::ensure;
use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::RawEvent;

use super::read::{self, Found};
use crate::{Ended, output::Format};

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
    let mut report = Report::new(out, format);
    let (mut valid, mut invalid) = (0_u64, 0_u64);
    for found in read::events(&text) {
        match event(&found, &validation, false) {
            Ok(_) => valid += 1,
            Err(problems) => {
                invalid += 1;
                report.findings(&found.place, &problems)?;
            }
        }
    }
    report.end(valid, invalid)?;
    Ok(if invalid == 0 { Ended::Well } else { Ended::WithFindings })
}

/// The event that was found, or all that is wrong with it.
pub(crate) fn event(found: &Found<'_>, validation: &Validation, allow_unknown: bool) -> Result<RawEvent, Vec<String>> {
    let json = found.json.as_ref().map_err(|told| vec![told.clone()])?;
    let raw = RawEvent::parse((*json).to_owned()).map_err(|error| error.problems().to_vec())?;
    let (event_type, version) = (&raw.envelope().event_type, &raw.envelope().version);
    let mut problems = validation.problems(&raw);
    if !allow_unknown && !validation.knows(event_type, version) {
        problems.push(format!("`{event_type}` {version} is unknown to this program: use one that was built with it"));
    }
    if problems.is_empty() { Ok(raw) } else { Err(problems) }
}

/// Told as it is found, for a file may hold more than memory should.
pub(crate) struct Report<'a, W> {
    out: &'a mut W,
    format: Format,
    has_begun: bool,
}

impl<'a, W: Write> Report<'a, W> {
    pub(crate) fn new(out: &'a mut W, format: Format) -> Self {
        Self { out, format, has_begun: false }
    }

    /// What is wrong with one event.
    pub(crate) fn findings(&mut self, event: &str, problems: &[String]) -> anyhow::Result<()> {
        problems.iter().try_for_each(|problem| self.finding(&Finding { event, problem }))
    }

    fn finding(&mut self, finding: &Finding<'_>) -> anyhow::Result<()> {
        let before = if self.has_begun { "," } else { "{\"findings\":[" };
        self.has_begun = true;
        match self.format {
            Format::Table => writeln!(self.out, "{}: {}", finding.event, finding.problem)?,
            Format::Json => write!(self.out, "{before}\n{}", serde_json::to_string(finding)?)?,
            Format::Ndjson => writeln!(self.out, "{}", serde_json::to_string(finding)?)?,
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, valid: u64, invalid: u64) -> io::Result<()> {
        let before = if self.has_begun { "" } else { "{\"findings\":[" };
        match self.format {
            Format::Table => writeln!(self.out, "{valid} valid, {invalid} invalid"),
            Format::Json => writeln!(self.out, "{before}],\n\"valid\":{valid},\"invalid\":{invalid}}}"),
            Format::Ndjson => writeln!(self.out, "{{\"valid\":{valid},\"invalid\":{invalid}}}"),
        }
    }
}
