//! Scores new leads, and publishes the score of those that are likely to buy.
//!
//! ```text
//! cargo run --example lead_scoring
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod scores;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tekup_core::{Advise, Context, Event, EventBus, HandlerResult, Subscription, TekupEvent, letters::LetterFilter};
use tekup_events_crm::{LeadCreated, LeadScored};

use self::scores::{Scores, factors};

const TENANT: &str = "acme";

/// Above this score the others are told.
const HOT: f64 = 80.0;

#[tokio::main]
async fn main() -> Result<()> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers what became of each lead, line by line.
async fn run() -> Result<Vec<String>> {
    let bus = EventBus::in_memory("crm")?;
    let scores = Arc::new(Scores::default());
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler_with(Arc::clone(&scores), score)).await?;

    let mut lines = Vec::new();
    for (lead, source, score) in [
        ("lead-1", "referral", 75.0),
        ("lead-2", "website", 60.0),
        ("lead-3", "cold-call", 90.0),
        ("lead-4", "?", 50.0),
    ] {
        let id = bus.publish(LeadCreated::new(lead, source, score).event(TENANT)).await?.id;
        let stage = bus.wait_for(TENANT, id, Duration::from_secs(10)).await?.stage;
        let effects = bus.trace(TENANT, id.to_string()).await?.roots.first().map_or(0, |root| root.effects.len());
        let score = scores.of(lead).await.map_or_else(|| "unknown".to_owned(), |score| score.to_string());
        lines.push(format!("{lead}: {stage}, score {score}, effects: {effects}"));
    }
    let dead = bus.dead_letters("crm/scoring")?.filter(LetterFilter::all()).list(None, 10).await?;
    lines.extend(dead.letters.iter().map(|letter| format!("dead in attempt {}: {}", letter.attempts, letter.error)));
    bus.shutdown().await?;
    Ok(lines)
}

/// Handled again, it comes to the same score.
async fn score(scores: Arc<Scores>, event: Event<LeadCreated>, cx: Context) -> HandlerResult {
    let LeadCreated { lead_id, score: previous_score, .. } = &event.data;
    let factors = factors(&event.data).permanent()?; // another attempt would not know the source either
    let moved: f64 = factors.iter().map(|factor| factor.impact).sum();
    let new_score = (previous_score + moved).clamp(0.0, 100.0);
    scores.update(lead_id, new_score).await;
    if new_score > HOT {
        // Of the same tenant and correlation, and caused by the event being handled.
        let scored = LeadScored { lead_id: lead_id.clone(), previous_score: *previous_score, new_score, factors };
        cx.publish(scored).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tekup_testkit::run_handler;

    #[tokio::test]
    async fn each_lead_has_its_score_and_only_hot_ones_are_told() {
        let expected = [
            "lead-1: completed, score 95, effects: 1",
            "lead-2: completed, score 65, effects: 0",
            "lead-3: completed, score 75, effects: 0",
            "lead-4: failed, score unknown, effects: 0",
            "dead in attempt 1: no lead has come from `?` before: give it a row in the table",
        ];
        assert_eq!(run().await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_hot_lead_is_told_with_what_made_it_hot_as_an_effect_of_its_creation() {
        let scores = Arc::new(Scores::default());
        let lead = LeadCreated { company_id: Some("company-7".into()), ..LeadCreated::new("lead-1", "referral", 60.0) };
        let draft = lead.event(TENANT).user("user-456");
        let run = run_handler(draft, move |event, cx| score(Arc::clone(&scores), event, cx)).await.unwrap();
        let scored = run.published::<LeadScored>().unwrap().remove(0);
        let factors: Vec<_> = scored.data.factors.iter().map(|it| (it.factor.as_str(), it.impact)).collect();
        assert_eq!((scored.data.previous_score, scored.data.new_score), (60.0, 90.0));
        assert_eq!(factors, [("source_referral", 20.0), ("company_known", 10.0)]);
        assert!(scored.envelope.cause().is_some());
        assert_eq!(scored.envelope.tenant_context().to_string(), "tenant acme, user user-456");
    }
}
