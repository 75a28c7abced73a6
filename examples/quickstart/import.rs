use anyhow::Result;
use tekup_core::{EventBus, TekupEvent, transport::Outgoing, transport::Receipt};
use tekup_events_crm::LeadCreated;

use crate::{TENANT, scorer::Scorer};

/// Publishes every line of the file.
pub(crate) async fn publish(bus: &EventBus, scorer: &Scorer, lines: &str) -> Result<()> {
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let receipt = publish_line(bus, line).await?;
        scorer.ledger.lock().await.published.insert(receipt.id);
    }
    println!("published {} lines", scorer.ledger.lock().await.published.len());
    Ok(())
}

/// A line that is a lead becomes a typed event; any other is kept as it is, for somebody to look at.
async fn publish_line(bus: &EventBus, line: &str) -> Result<Receipt> {
    let error = match serde_json::from_str::<LeadCreated>(line) {
        Ok(lead) => return Ok(bus.publish(lead.event(TENANT).user("importer")).await?),
        Err(error) => error,
    };
    println!("malformed: {line} ({error})");
    let bytes = line.to_owned();
    Ok(bus.publish(Outgoing::unchecked(TENANT.parse()?, LeadCreated::TYPE.parse()?, bytes)).await?)
}
