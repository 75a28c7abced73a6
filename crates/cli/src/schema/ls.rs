use std::io::Write;

use serde::Serialize;
use tekup_contracts::{Contract, Registry};

use crate::{
    Ended,
    output::{self, Format},
};

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
}

impl output::Row<5> for Row {
    const HEAD: [&str; 5] = ["TYPE", "VERSION", "DOMAIN", "PRIORITY", "FINGERPRINT"];

    /// Twelve digits tell two schemas apart; the rest is for programs.
    fn cells(&self) -> [String; 5] {
        let short = self.fingerprint.chars().take(12).collect();
        [self.r#type.clone(), self.version.clone(), self.domain.clone(), self.priority.clone(), short]
    }
}

pub(super) fn run(registry: &Registry, format: Format, out: &mut impl Write) -> anyhow::Result<Ended> {
    format.rows(out, registry.newest().map(Row::of))?;
    Ok(Ended::Well)
}
