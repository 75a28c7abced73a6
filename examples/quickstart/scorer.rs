use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use tekup_core::{Context, Event, HandlerResult};
use tekup_events_crm::{LeadCreated, LeadScored, ScoreFactor};
use tokio::sync::Mutex;

use crate::ledger::Ledger;

/// From here on a lead is hot, in points of 100.
const HOT: f64 = 80.0;

/// What the scorer knows of the leads of one source.
pub(crate) struct Source {
    /// What the source adds to a lead's score, in points.
    pub(crate) points: f64,
    /// How many attempts its directory lets fail before it answers.
    pub(crate) busy: u32,
}

/// Hot leads, by name.
#[derive(Default)]
pub(crate) struct Hot {
    /// Those that scoring has published.
    pub(crate) told: BTreeSet<String>,
    /// Those that the other subscription was given.
    pub(crate) arrived: BTreeSet<String>,
}

/// The state of the handlers: the scorer's table, and what they did.
pub(crate) struct Scorer {
    table: Mutex<BTreeMap<&'static str, Source>>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) hot: Mutex<Hot>,
}

impl Scorer {
    pub(crate) fn new() -> Self {
        let table = [
            ("website", Source { points: 5.0, busy: 0 }),
            ("referral", Source { points: 20.0, busy: 0 }),
            ("newsletter", Source { points: 0.0, busy: 0 }),
            ("cold-call", Source { points: -15.0, busy: 0 }),
            ("webinar", Source { points: 10.0, busy: 1 }),
            ("partner", Source { points: 15.0, busy: 2 }),
        ];
        Self { table: Mutex::new(table.into()), ledger: Mutex::default(), hot: Mutex::default() }
    }

    /// Gives the table a row.
    pub(crate) async fn mend(&self, name: &'static str, source: Source) {
        println!("mending: the table gets a row for `{name}`");
        self.table.lock().await.insert(name, source);
    }

    /// Handles `lead.created`; fails if the source is unknown, or too busy to answer in this attempt.
    pub(crate) async fn score(&self, event: Event<LeadCreated>, cx: Context) -> HandlerResult {
        let (lead, attempt) = (event.data, cx.attempt());
        if attempt > 1 {
            self.ledger.lock().await.retried.insert(cx.event_id());
        }
        let points = self.look_up(&lead.source, attempt).await.inspect_err(|error| {
            println!("failed: {} in attempt {attempt} of {}: {error}", lead.lead_id, cx.attempts_allowed());
        })?;
        let new_score = (lead.score + points).clamp(0.0, 100.0);
        println!("scored: {} from {} to {new_score} in attempt {attempt}", lead.lead_id, lead.score);
        if new_score >= HOT {
            self.tell(lead, new_score, points, &cx).await?;
        }
        self.ledger.lock().await.handled.insert(cx.event_id());
        Ok(())
    }

    async fn look_up(&self, source: &str, attempt: u32) -> anyhow::Result<f64> {
        match self.table.lock().await.get(source) {
            None => bail!("the table has no row for `{source}`"),
            Some(known) if attempt <= known.busy => bail!("the directory of `{source}` is busy"),
            Some(known) => Ok(known.points),
        }
    }

    /// Publishes what follows: same tenant, same correlation, caused by the event being handled.
    async fn tell(&self, lead: LeadCreated, new_score: f64, points: f64, cx: &Context) -> HandlerResult {
        let source = ScoreFactor { factor: format!("source_{}", lead.source), impact: points, confidence: 1.0 };
        let scored =
            LeadScored { lead_id: lead.lead_id.clone(), previous_score: lead.score, new_score, factors: vec![source] };
        self.hot.lock().await.told.insert(lead.lead_id);
        cx.publish(scored).await?;
        Ok(())
    }

    /// Handles `lead.scored`, as a sales team would.
    pub(crate) async fn welcome(&self, event: Event<LeadScored>) {
        println!("hot: {} with {}", event.data.lead_id, event.data.new_score);
        self.hot.lock().await.arrived.insert(event.data.lead_id);
    }

    /// Whether every event is handled or dead, and every hot lead has arrived.
    pub(crate) async fn is_done(&self) -> bool {
        // In this order, for a lead is told of before it counts as handled.
        if self.ledger.lock().await.open() > 0 {
            return false;
        }
        let hot = self.hot.lock().await;
        hot.told == hot.arrived
    }
}
