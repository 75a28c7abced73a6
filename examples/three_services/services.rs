use std::process;

use anyhow::Result;
use tekup_core::{Context, Correlation, Event, EventBus, HandlerResult, Subscription, TekupEvent};
use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored};
use tekup_redis_transport::connect;
use tokio::io::AsyncReadExt;

use crate::TENANT;

/// Takes in a lead: the begin of the chain.
pub(crate) async fn web(url: &str) -> Result<()> {
    let bus = connect(url, "web").await?;
    let lead = LeadCreated::new("lead-1", "referral", 75.0).event(TENANT).correlated(Correlation::new()).build()?;
    bus.publish(&lead).await?;
    say("web", LeadCreated::TYPE, &lead.envelope.correlation_id());
    Ok(bus.shutdown().await?)
}

/// Scores each lead.
pub(crate) async fn scoring(url: &str) -> Result<()> {
    let bus = connect(url, "scoring").await?;
    bus.subscribe(Subscription::to::<LeadCreated>("leads").handler(score)).await?;
    serve(bus).await
}

async fn score(event: Event<LeadCreated>, cx: Context) -> HandlerResult {
    let LeadCreated { lead_id, score, .. } = event.data;
    cx.publish(LeadScored { lead_id, previous_score: score, new_score: score + 20.0, factors: Vec::new() }).await?;
    say("scoring", LeadScored::TYPE, &cx.correlation_id());
    Ok(())
}

/// Makes deals of the leads that are likely to buy.
pub(crate) async fn sales(url: &str) -> Result<()> {
    let bus = connect(url, "sales").await?;
    bus.subscribe(Subscription::to::<LeadScored>("deals").filter(|it| it.data.new_score > 80.0).handler(sell)).await?;
    serve(bus).await
}

async fn sell(event: Event<LeadScored>, cx: Context) -> HandlerResult {
    let deal = LeadConverted {
        deal_id: format!("deal-of-{}", event.data.lead_id),
        lead_id: event.data.lead_id,
        conversion_value: 75_000.0,
        conversion_time: 60_000.0,
        touchpoints: vec!["website".into()],
    };
    cx.publish(deal).await?;
    say("sales", LeadConverted::TYPE, &cx.correlation_id());
    Ok(())
}

/// Until a signal comes, or whoever started it lets go of its standard input, or ends.
async fn serve(bus: EventBus) -> Result<()> {
    println!("ready");
    let mut input = tokio::io::stdin();
    tokio::select! {
        ended = bus.run_until_signal() => ended?,
        _ = input.read_u8() => bus.shutdown().await?,
    }
    Ok(())
}

/// The correlation comes last, for the one who reads it.
fn say(service: &str, event_type: &str, correlation: &str) {
    println!("{service}, process {}: {event_type} in {correlation}", process::id());
}
