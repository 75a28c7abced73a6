//! The services of the demo, and what they do.

use std::time::Duration;

use anyhow::bail;
use tekup_core::{Context, Event, EventBus, HandlerError, HandlerResult, RawEvent, RetryPolicy, Subscription};
use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored};

/// In the order of their buses.
pub(super) const SERVICES: [&str; 4] = ["web", "scoring", "sales", "audit"];

pub(super) async fn subscribe(buses: &[EventBus]) -> anyhow::Result<()> {
    let [_web, scoring, sales, audit] = buses else { bail!("each service has a bus of its own") };
    let retry = || RetryPolicy::exponential(3, Duration::from_millis(500));
    scoring.subscribe(Subscription::to::<LeadCreated>("leads").retry(retry()).concurrency(50).handler(score)).await?;
    sales.subscribe(Subscription::to::<LeadScored>("follow-up").retry(retry()).handler(follow_up)).await?;
    audit.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    Ok(())
}

/// It takes a while, and fails now and then.
async fn score(event: Event<LeadCreated>, cx: Context) -> HandlerResult<()> {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(2..40))).await;
    if fastrand::u8(..) < 8 {
        return Err("the scoring model does not answer".into());
    }
    let (lead_id, previous_score) = (event.data.lead_id, event.data.score);
    let new_score = (previous_score + fastrand::f64() * 40.0).min(100.0);
    cx.publish(LeadScored { lead_id, previous_score, new_score, factors: Vec::new() }).await?;
    Ok(())
}

/// Good leads become customers; of some nothing can be known.
async fn follow_up(event: Event<LeadScored>, cx: Context) -> HandlerResult<()> {
    let lead_id = event.data.lead_id;
    if lead_id.ends_with("00") {
        return Err(HandlerError::from("the lead has no address").permanent());
    }
    if event.data.new_score > 90.0 {
        cx.publish(converted(lead_id)).await?;
    }
    Ok(())
}

fn converted(lead_id: String) -> LeadConverted {
    let touchpoints = ["website", "demo"].map(String::from).to_vec();
    let deal_id = format!("deal-of-{lead_id}");
    LeadConverted { lead_id, deal_id, conversion_value: 12_000.0, conversion_time: 86_400_000.0, touchpoints }
}
