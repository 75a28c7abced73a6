//! Publishes three leads as a batch, in one call, and handles them as one, in one call.
//!
//! ```text
//! cargo run --example batch                             # within this process
//! cargo run --example batch -- redis://localhost:6379   # on a server
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

use std::{sync::mpsc, time::Duration};

use anyhow::{Result, ensure};
use tekup_core::{
    BatchContext, Event, EventBatch, EventBus, HandlerResult, Metadata, Subscription, TekupEvent, transport::Stage,
};
use tekup_events_crm::LeadCreated;

const TENANT: &str = "acme";

#[tokio::main]
async fn main() -> Result<()> {
    let bus = match std::env::args().nth(1) {
        None => EventBus::in_memory("batch")?,
        Some(url) => tekup_redis_transport::connect(&url, "batch").await?,
    };
    run(bus).await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers what was received, line by line.
async fn run(bus: EventBus) -> Result<Vec<String>> {
    let (seen, received) = mpsc::channel();
    // Three at once; one that comes alone waits a second for company.
    let importing =
        Subscription::to::<LeadCreated>("importing").batch_handler_with(3, seen, import).wait(Duration::from_secs(1));
    bus.subscribe(importing).await?;

    let leads = [("lead-1", 60.0), ("lead-2", 75.0), ("lead-3", 90.0)];
    let drafts = leads.map(|(id, score)| LeadCreated::new(id, "website", score).event(TENANT).user("importer"));
    publish(&bus, EventBatch::of(drafts).metadata("batchType", "lead_import").metadata("source", "csv_upload")).await?;

    bus.shutdown().await?;
    Ok(received.try_iter().collect())
}

/// Publishes all in one call, and waits until every event is handled.
async fn publish(bus: &EventBus, batch: EventBatch<LeadCreated>) -> Result<()> {
    for stored in bus.publish_batch(batch).await? {
        let id = stored?.id; // or why this one was not stored
        let stage = bus.wait_for(TENANT, id, Duration::from_secs(10)).await?.stage;
        ensure!(stage == Stage::Completed, "event {id} is {stage}");
    }
    Ok(())
}

async fn import(seen: mpsc::Sender<String>, leads: Vec<Event<LeadCreated>>, _: BatchContext) -> HandlerResult {
    seen.send(format!("{} leads in one call", leads.len()))?;
    for lead in leads {
        seen.send(format!("{}: {}", lead.data.lead_id, place(&lead.envelope.metadata)?))?;
    }
    Ok(())
}

/// Where an event stands in its batch.
fn place(metadata: &Metadata) -> tekup_core::Result<String> {
    let text = |name| metadata.get::<String>(name).map(Option::unwrap_or_default);
    let number = |name| metadata.get::<usize>(name).map(Option::unwrap_or_default);
    let (sequence, size) = (number("batchSequence")?, number("batchSize")?);
    Ok(format!("number {} of {size}, {} from {}", sequence + 1, text("batchType")?, text("source")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_that_is_published_in_one_call_is_received_in_one() {
        let received = run(EventBus::in_memory("batch").unwrap()).await.unwrap();
        let expected = [
            "3 leads in one call",
            "lead-1: number 1 of 3, lead_import from csv_upload",
            "lead-2: number 2 of 3, lead_import from csv_upload",
            "lead-3: number 3 of 3, lead_import from csv_upload",
        ];
        assert_eq!(received, expected);
    }
}
