use std::{io::Write, path::Path};

use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::RawEvent;

use super::read::{self, Found};
use crate::{Ended, args::Format, output};

#[derive(Serialize)]
struct Answer {
    valid: usize,
    invalid: usize,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    /// Where in the file.
    event: String,
    problem: String,
}

pub(super) fn run(registry: &Registry, path: &Path, format: Format, out: &mut impl Write) -> anyhow::Result<Ended> {
    let validation = Validation::of(registry)?;
    let text = read::text(path)?;
    let events = read::events(&text);
    let mut answer = Answer { valid: 0, invalid: 0, findings: Vec::new() };
    for event in &events {
        let problems = problems(event, &validation);
        if problems.is_empty() {
            answer.valid += 1;
        } else {
            answer.invalid += 1;
        }
        let finding = |problem| Finding { event: event.place.clone(), problem };
        answer.findings.extend(problems.into_iter().map(finding));
    }
    match format {
        Format::Json => output::json(out, &answer)?,
        Format::Table => tell(&answer, out)?,
    }
    Ok(if answer.invalid == 0 { Ended::Well } else { Ended::WithFindings })
}

fn problems(event: &Found<'_>, validation: &Validation) -> Vec<String> {
    let raw = match RawEvent::parse(event.json.to_owned()) {
        Ok(raw) => raw,
        Err(error) => return error.problems().to_vec(),
    };
    let (event_type, version) = (&raw.envelope().event_type, &raw.envelope().version);
    if !validation.knows(event_type, version) {
        return vec![format!("`{event_type}` {version} is unknown to this program: use one that was built with it")];
    }
    validation.problems(&raw)
}

fn tell(answer: &Answer, out: &mut impl Write) -> std::io::Result<()> {
    for finding in &answer.findings {
        writeln!(out, "{}: {}", finding.event, finding.problem)?;
    }
    writeln!(out, "{} valid, {} invalid", answer.valid, answer.invalid)
}
