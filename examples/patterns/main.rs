//! Subscribes by pattern: to all events of a kind, to a category of one tenant, and to several patterns at once.
//!
//! ```text
//! cargo run --example patterns                             # within this process
//! cargo run --example patterns -- redis://localhost:6379   # on a server
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod samples;

use std::{sync::mpsc, time::Duration};

use anyhow::{Result, ensure};
use tekup_core::{
    Context, EventBus, EventFilter, HandlerResult, PatternBuilder, Priority, RawEvent, Subscription, TekupEvent,
    patterns, transport::Stage,
};

#[tokio::main]
async fn main() -> Result<()> {
    let bus = match std::env::args().nth(1) {
        None => EventBus::in_memory("patterns")?,
        Some(url) => tekup_redis_transport::connect(&url, "patterns").await?,
    };
    run(bus).await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers what was received, line by line.
async fn run(bus: EventBus) -> Result<Vec<String>> {
    let (seen, received) = mpsc::channel();
    subscribe(&bus, &seen).await?;

    publish(&bus, "acme", samples::proposal()).await?;
    publish(&bus, "acme", samples::buying_signal()).await?; // of the same domain, but not `proposal.*`
    publish(&bus, "acme", samples::campaign()).await?;
    publish(&bus, "globex", samples::campaign()).await?; // another tenant's
    publish(&bus, "acme", samples::task()).await?;
    publish(&bus, "globex", samples::session_started()).await?;
    publish(&bus, "globex", samples::session_resolved()).await?;

    bus.shutdown().await?;
    Ok(received.try_iter().collect())
}

async fn subscribe(bus: &EventBus, seen: &mpsc::Sender<String>) -> Result<()> {
    let proposals = Subscription::matching("proposals", patterns::ALL_PROPOSAL_EVENTS).priority(Priority::High);
    bus.subscribe(proposals.handler_with(seen.clone(), note)).await?;

    let of_acme = EventFilter { tenants: vec!["acme".parse()?], ..EventFilter::default() };
    let completions = Subscription::matching("completions", patterns::ALL_COMPLETED_EVENTS)
        .filter(move |event| of_acme.matches(event.envelope()));
    bus.subscribe(completions.handler_with(seen.clone(), note)).await?;

    let resolutions = Subscription::matching("resolutions", support_or_resolved());
    bus.subscribe(resolutions.handler_with(seen.clone(), note)).await?;
    Ok(())
}

/// Two patterns, of which one must match. For both at once: `support.*.resolved`.
fn support_or_resolved() -> PatternBuilder {
    PatternBuilder::new().service("support").category("resolved")
}

async fn note(seen: mpsc::Sender<String>, event: RawEvent, cx: Context) -> HandlerResult {
    let envelope = event.envelope();
    seen.send(format!("{}: {} of {}", cx.subscription().name(), envelope.event_type, envelope.tenant_context()))?;
    Ok(())
}

/// Publishes an event, and waits until every subscription is done with it.
async fn publish(bus: &EventBus, tenant: &str, data: impl TekupEvent) -> Result<()> {
    let receipt = bus.publish(data.event(tenant).user("user-456")).await?;
    let status = bus.wait_for(tenant, receipt.id, Duration::from_secs(10)).await?;
    ensure!(status.stage == Stage::Completed, "event {} is {}", receipt.id, status.stage);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_subscription_receives_what_its_patterns_and_its_filter_take() {
        let received = run(EventBus::in_memory("patterns").unwrap()).await.unwrap();
        let expected = [
            "proposals: proposal.created of tenant acme, user user-456",
            "completions: campaign.completed of tenant acme, user user-456",
            "completions: task.completed of tenant acme, user user-456",
            "resolutions: support.session.started of tenant globex, user user-456",
            "resolutions: support.session.resolved of tenant globex, user user-456",
        ];
        assert_eq!(received, expected);
    }

    #[test]
    fn two_patterns_are_no_single_one_and_the_error_says_what_to_use() {
        let error = support_or_resolved().build_single().unwrap_err().to_string();
        assert!(error.contains("2 parts (`support.*`, `*.resolved`)"), "{error}");
        assert!(error.contains("use the list that `build` makes"), "{error}");
        assert_eq!(support_or_resolved().build().unwrap().len(), 2);
    }
}
