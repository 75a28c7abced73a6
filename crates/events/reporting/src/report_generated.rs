use std::collections::BTreeMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, UnknownValue};

/// A report can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "report.generated", version = "1.0.0")]
pub struct ReportGenerated {
    /// The report.
    #[garde(length(min = 1))]
    pub report_id: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub report_type: ReportType,
    /// The time that it covers, such as `2025-Q3`.
    pub period: String,
    /// Its figures by their names, each in the unit of its name.
    pub metrics: BTreeMap<String, f64>,
    /// What the figures say, in sentences; may be empty.
    pub insights: Vec<String>,
}

impl ReportGenerated {
    fn example() -> Self {
        Self {
            report_id: "report-123".into(),
            report_type: ReportType::Sales,
            period: "2025-Q3".into(),
            metrics: [("revenue".into(), 1_250_000.5), ("deals".into(), 42.0)].into(),
            insights: vec!["Pipeline grew 12%".into()],
        }
    }
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportType {
    /// What was sold.
    Sales,
    /// What campaigns brought.
    Marketing,
    /// What was earned and spent.
    Financial,
    /// How the work went.
    Operational,
    /// One that this version does not know; it can be read, and not published.
    #[serde(untagged)]
    Unknown(UnknownValue),
}
