//! How the transport behaves, seen through the seam.

mod dead_letters;
mod fetching;
mod followers;
mod idle;
mod leases;
mod operators;
mod publishing;
mod replicas;
mod retries;
mod state;
mod status;
mod subscriptions;

use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::yield_now;

use super::{MemorySource, MemoryTransport};
use crate::{
    ids::EventId,
    priority::Priority,
    transport::{
        Admin, Books, DeadReason, Delivery, Outgoing, Settled, Settlement, Source, SourceSpec, Transport, Verdict,
    },
};

const LEDGER: &str = "billing/ledger";
const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn spec(id: &str, patterns: &[&str]) -> SourceSpec {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    SourceSpec::new(id.parse().unwrap(), patterns)
}

async fn open(transport: &MemoryTransport, id: &str) -> MemorySource {
    transport.open(spec(id, &["*"])).await.unwrap()
}

/// A store with one subscription to everything.
async fn ledger() -> (MemoryTransport, MemorySource) {
    let transport = MemoryTransport::new();
    let source = open(&transport, LEDGER).await;
    (transport, source)
}

fn event_of(tenant: &str, event_type: &str) -> Outgoing {
    Outgoing::unchecked(tenant.parse().unwrap(), event_type.parse().unwrap(), "{}")
}

fn event() -> Outgoing {
    event_of("acme", "invoice.paid")
}

fn urgent(priority: Priority) -> Outgoing {
    Outgoing { priority, ..event() }
}

/// Publishes; answers the ids in order.
async fn publish(transport: &MemoryTransport, batch: Vec<Outgoing>) -> Vec<EventId> {
    let receipts = transport.publish(batch).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.unwrap().id).collect()
}

async fn publish_one(transport: &MemoryTransport) -> EventId {
    publish(transport, vec![event()]).await[0]
}

/// What is ready at this moment, without any time passing.
async fn ready(source: &MemorySource, most: usize) -> Vec<Delivery> {
    // With a fresh share of the thread, so that the fetch does not give way.
    yield_now().await;
    source.fetch(most).now_or_never().map(Result::unwrap).unwrap_or_default()
}

async fn one(source: &MemorySource) -> Delivery {
    let mut deliveries = ready(source, 1).await;
    deliveries.pop().expect("a delivery is ready")
}

fn settlement(delivery: &Delivery, verdict: Verdict) -> Settlement {
    Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant.clone(), verdict }
}

async fn settle(source: &MemorySource, delivery: &Delivery, verdict: Verdict) -> Settled {
    source.settle(vec![settlement(delivery, verdict)]).await.unwrap()[0]
}

fn retry(delay: Duration, failures: u32) -> Verdict {
    Verdict::Retry { delay, failures, error: "the ledger is closed".into() }
}

fn bury(attempts: u32) -> Verdict {
    Verdict::DeadLetter { reason: DeadReason::Rejected, attempts, error: "never".into() }
}

fn ids(deliveries: &[Delivery]) -> Vec<EventId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

/// The books, which must balance whenever one looks.
async fn books(transport: &MemoryTransport, id: &str) -> Books {
    let books = transport.admin().books(&id.parse().unwrap()).await.unwrap();
    assert!(books.balanced(), "{books:?}");
    books
}
