//! Puts sessions of customers who matter much, or have asked often, before others.
//!
//! ```text
//! cargo run --example support_prioritisation
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod desk;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tekup_core::{
    Advise, Context, Event, EventBus, HandlerResult, Priority, RetryPolicy, Subscription, TekupEvent,
    letters::LetterFilter,
};
use tekup_events_support::{SupportChannel, SupportPriority, SupportSessionStarted};

use self::desk::Desk;

const TENANT: &str = "acme";

/// Worth more than this, a customer is given an agent.
const HIGH_VALUE: f64 = 100_000.0;

/// Whoever has had more issues than this lately comes before others.
const FEW_ISSUES: u32 = 2;

#[tokio::main]
async fn main() -> Result<()> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers what became of each session, line by line.
async fn run() -> Result<Vec<String>> {
    let bus = EventBus::in_memory("support")?;
    let desk = Arc::new(Desk::new());
    let prioritising = Subscription::to::<SupportSessionStarted>("prioritising")
        .priority(Priority::High)
        .retry(RetryPolicy::fixed(3, Duration::from_millis(10)))
        .handler_with(Arc::clone(&desk), prioritise);
    bus.subscribe(prioritising).await?;

    for (session, contact) in
        [("s-1", Some("anna")), ("s-2", Some("ben")), ("s-3", Some("cleo")), ("s-4", None), ("s-5", Some("nobody"))]
    {
        let id = bus.publish(started(session, contact).event(TENANT)).await?.id;
        bus.wait_for(TENANT, id, Duration::from_secs(10)).await?;
    }
    let dead = bus.dead_letters("support/prioritising")?.filter(LetterFilter::all()).list(None, 10).await?;
    bus.shutdown().await?;
    let mut lines = desk.lines().await;
    lines.extend(dead.letters.iter().map(|letter| format!("dead in attempt {}: {}", letter.attempts, letter.error)));
    Ok(lines)
}

/// Says how a session stands, not how it changes: handled again, it stands the same.
async fn prioritise(desk: Arc<Desk>, event: Event<SupportSessionStarted>, cx: Context) -> HandlerResult {
    let SupportSessionStarted { session_id, contact_id, priority, .. } = event.data;
    let Some(contact) = contact_id else { return Ok(()) }; // nothing is known of who asks: in its turn
    let customer = desk.customer(&contact, cx.attempt())?; // the directory may be away: again later
    let customer =
        customer.ok_or_else(|| format!("contact `{contact}` is no customer: look for a double")).permanent()?;
    if customer.lifetime_value > HIGH_VALUE {
        desk.escalate(&session_id, "high-value-customer").await;
    }
    if customer.recent_issues > FEW_ISSUES {
        desk.raise(&session_id, priority, "frequent-issues").await;
    }
    Ok(())
}

fn started(session: &str, contact: Option<&str>) -> SupportSessionStarted {
    let (channel, priority) = (SupportChannel::Chat, SupportPriority::Medium);
    SupportSessionStarted { session_id: session.into(), contact_id: contact.map(Into::into), channel, priority }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn value_brings_an_agent_issues_raise_the_priority_and_who_is_unknown_is_looked_at() {
        let expected = [
            "s-1: an agent (high-value-customer), priority high (frequent-issues)",
            "s-2: priority high (frequent-issues)",
            "s-3: an agent (high-value-customer)",
            "dead in attempt 1: contact `nobody` is no customer: look for a double",
        ];
        assert_eq!(run().await.unwrap(), expected);
    }
}
