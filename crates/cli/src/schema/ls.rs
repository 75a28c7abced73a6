use std::io::Write;

use serde::Serialize;
use tekup_contracts::{Contract, Registry};

use crate::{Ended, args::Format, output};

#[derive(Serialize)]
struct Row {
    r#type: String,
    version: String,
    domain: String,
    priority: String,
    fingerprint: String,
}

impl Row {
    fn of(contract: &Contract) -> Self {
        Self {
            r#type: contract.event_type.to_string(),
            version: contract.version.to_string(),
            domain: contract.domain.clone(),
            priority: contract.priority.to_string(),
            fingerprint: contract.fingerprint(),
        }
    }

    /// Twelve digits tell two schemas apart; the rest is for programs.
    fn cells(self) -> [String; 5] {
        let short = self.fingerprint.chars().take(12).collect();
        [self.r#type, self.version, self.domain, self.priority, short]
    }
}

pub(super) fn run(registry: &Registry, format: Format, out: &mut impl Write) -> anyhow::Result<Ended> {
    let rows: Vec<Row> = registry.newest().map(Row::of).collect();
    match format {
        Format::Json => output::json(out, &rows)?,
        Format::Table => {
            let head = ["TYPE", "VERSION", "DOMAIN", "PRIORITY", "FINGERPRINT"];
            output::table(out, head, rows.into_iter().map(Row::cells))?;
        }
    }
    Ok(Ended::Well)
}
