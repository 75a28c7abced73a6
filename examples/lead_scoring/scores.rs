use std::collections::BTreeMap;

use anyhow::{Result, bail};
use tekup_events_crm::{LeadCreated, ScoreFactor};
use tokio::sync::Mutex;

/// The scores of leads, as a database would keep them.
#[derive(Default)]
pub(crate) struct Scores(Mutex<BTreeMap<String, f64>>);

impl Scores {
    pub(crate) async fn update(&self, lead: &str, score: f64) {
        self.0.lock().await.insert(lead.to_owned(), score);
    }

    pub(crate) async fn of(&self, lead: &str) -> Option<f64> {
        self.0.lock().await.get(lead).copied()
    }
}

/// What moves the score of a lead, in points.
pub(crate) fn factors(lead: &LeadCreated) -> Result<Vec<ScoreFactor>> {
    let impact = match lead.source.as_str() {
        "referral" => 20.0,
        "website" => 5.0,
        "cold-call" => -15.0,
        other => bail!("no lead has come from `{other}` before: give it a row in the table"),
    };
    let source = ScoreFactor { factor: format!("source_{}", lead.source), impact, confidence: 0.9 };
    let company = ScoreFactor { factor: "company_known".into(), impact: 10.0, confidence: 0.6 };
    Ok([source].into_iter().chain(lead.company_id.is_some().then_some(company)).collect())
}
