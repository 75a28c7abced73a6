use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

pub(crate) const TENANT: &str = "acme";

/// How long a worker that was asked to stop waits for what it has begun; 25 s unless a service says otherwise.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// How long what a lost worker had begun belongs to it; 30 s unless a service says otherwise.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// Somebody waits for a report.
#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportRequested {
    /// How long it takes to write, in milliseconds.
    pub(crate) takes_ms: u64,
}
