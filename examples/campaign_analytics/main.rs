//! Computes the rates of campaigns that are over, and tells marketing of those that did well.
//!
//! ```text
//! cargo run --example campaign_analytics
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod analytics;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use tekup_core::{Advise, Context, Event, EventBus, HandlerResult, Subscription, TekupEvent, letters::LetterFilter};
use tekup_events_marketing::CampaignCompleted;
use tokio::sync::{Mutex, mpsc};

use self::analytics::Analytics;

const TENANT: &str = "acme";

/// What the handler works with.
#[derive(Clone)]
struct Desk {
    /// What is known of campaigns, as a database would keep it.
    stored: Arc<Mutex<BTreeMap<String, Analytics>>>,
    /// What marketing is told.
    notices: mpsc::UnboundedSender<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers what was stored, what marketing was told, and what could not be counted, line by line.
async fn run() -> Result<Vec<String>> {
    let bus = EventBus::in_memory("marketing")?;
    let (notices, mut told) = mpsc::unbounded_channel();
    let desk = Desk { stored: Arc::default(), notices };
    bus.subscribe(Subscription::to::<CampaignCompleted>("analytics").handler_with(desk.clone(), analyse)).await?;
    for campaign in campaigns() {
        let id = bus.publish(campaign.event(TENANT)).await?.id;
        bus.wait_for(TENANT, id, Duration::from_secs(10)).await?;
    }
    let dead = bus.dead_letters("marketing/analytics")?.filter(LetterFilter::all()).list(None, 10).await?;
    bus.shutdown().await?;

    let mut lines: Vec<_> = desk.stored.lock().await.iter().map(|(id, found)| format!("{id}: {found}")).collect();
    lines.extend(std::iter::from_fn(|| told.try_recv().ok()));
    lines.extend(dead.letters.iter().map(|letter| format!("dead: {}", letter.error)));
    Ok(lines)
}

/// Tells first and stores then: if it is killed in between, marketing hears of it twice, and not never.
async fn analyse(desk: Desk, event: Event<CampaignCompleted>, _: Context) -> HandlerResult {
    let analytics = Analytics::of(&event.data).permanent()?; // no attempt makes wrong counts right
    let mut stored = desk.stored.lock().await;
    if analytics.is_news() && !stored.contains_key(&event.data.campaign_id) {
        desk.notices.send(format!("told: {} has a roi of {}%", event.data.campaign_id, analytics.roi))?;
    }
    stored.insert(event.data.campaign_id, analytics);
    Ok(())
}

/// One that did well, one that reached nobody, and one that was counted wrong.
fn campaigns() -> [CampaignCompleted; 3] {
    let campaign = |id: &str, [delivered, opened, clicked, converted]: [u64; 4], roi| CampaignCompleted {
        campaign_id: id.into(),
        delivered,
        opened,
        clicked,
        converted,
        revenue: 125_000.0,
        roi,
    };
    [
        campaign("spring", [10_000, 2_500, 500, 50], 450.0),
        campaign("summer", [0, 0, 0, 0], -100.0),
        campaign("autumn", [100, 250, 10, 1], 30.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rates_are_stored_marketing_is_told_and_wrong_counts_are_dead_at_once() {
        let expected = [
            "spring: opened 25.0%, clicked 20.0%, converted 10.0%, roi 450%",
            "summer: opened -, clicked -, converted -, roi -100%",
            "told: spring has a roi of 450%",
            "dead: campaign `autumn` was opened 250 times and delivered 100 times: count it anew",
        ];
        assert_eq!(run().await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_campaign_that_comes_again_is_no_second_notice() {
        let (notices, mut told) = mpsc::unbounded_channel();
        let desk = Desk { stored: Arc::default(), notices };
        for _ in 0..2 {
            let [spring, ..] = campaigns();
            let desk = desk.clone();
            let handler = move |event, cx| analyse(desk.clone(), event, cx);
            tekup_testkit::run_handler(spring.event(TENANT), handler).await.unwrap();
        }
        assert!(told.try_recv().is_ok() && told.try_recv().is_err());
    }
}
