//! What the tests of this folder share.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::time::{Duration, Instant};

use tekup_core::{
    EventId, Priority, Result,
    transport::{Delivery, Outgoing, Settled, Settlement, Source, SourceSpec, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

pub(crate) const SOON: Duration = Duration::from_secs(5);

/// A bus of one partition, so that a test knows where everything lies.
pub(crate) fn config(server: &RedisServer) -> RedisConfig {
    RedisConfig::new(server.url()).partitions(1)
}

pub(crate) async fn connect(server: &RedisServer) -> RedisTransport {
    RedisTransport::connect(&config(server)).await.unwrap()
}

pub(crate) fn spec(pattern: &str) -> SourceSpec {
    SourceSpec::new("billing/ledger".parse().unwrap(), vec![pattern.parse().unwrap()])
}

pub(crate) async fn open(transport: &RedisTransport, pattern: &str) -> RedisSource {
    transport.open(spec(pattern)).await.unwrap()
}

pub(crate) fn event(event_type: &str) -> Outgoing {
    Outgoing {
        id: EventId::generate(),
        tenant: "acme".parse().unwrap(),
        event_type: event_type.parse().unwrap(),
        priority: Priority::Medium,
        bytes: "{}".into(),
        due: None,
        trace: None,
        audit: None,
    }
}

/// An id of that millisecond, with these bytes behind it.
pub(crate) fn id_of(ms: u64, bytes: [u8; 10]) -> EventId {
    let id = uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid();
    EventId::from_uuid(id).unwrap()
}

/// Publishes one event, which must be stored as a new one.
pub(crate) async fn publish(transport: &RedisTransport, event_type: &str) -> EventId {
    let answers = transport.publish(vec![event(event_type)]).await.unwrap();
    let receipt = answers.into_iter().next().unwrap().unwrap();
    assert!(!receipt.duplicate);
    receipt.id
}

/// What comes within a time: `fetch` is never dropped, for it is not cancel safe.
pub(crate) async fn fetch_within(source: &RedisSource, most: usize, patience: Duration) -> Result<Vec<Delivery>> {
    let mut fetch = std::pin::pin!(source.fetch(most));
    match tokio::time::timeout(patience, &mut fetch).await {
        Ok(found) => found,
        Err(_) => {
            source.interrupt();
            fetch.await
        }
    }
}

pub(crate) async fn take(source: &RedisSource, count: usize) -> Vec<Delivery> {
    let (mut taken, deadline) = (Vec::new(), Instant::now() + SOON);
    while taken.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} came", taken.len());
        taken.extend(fetch_within(source, count - taken.len(), Duration::from_millis(500)).await.unwrap());
    }
    taken
}

pub(crate) async fn settle(source: &RedisSource, delivery: &Delivery, verdict: Verdict) -> Result<Settled> {
    let settlement = Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant.clone(), verdict };
    source.settle(vec![settlement]).await.map(|settled| settled[0])
}

pub(crate) async fn ack(source: &RedisSource, delivery: &Delivery) {
    assert_eq!(settle(source, delivery, Verdict::Ack).await.unwrap(), Settled::Done);
}

pub(crate) fn retry_in(delay: Duration) -> Verdict {
    Verdict::Retry { delay, failures: 1, error: "not now".into() }
}

/// Waits until it holds. Some things are looked at every five seconds only, so it waits for several of these.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + 4 * SOON;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The one key whose name ends so.
pub(crate) fn key(server: &RedisServer, end: &str) -> String {
    let keys = server.command(&["KEYS", &format!("*{end}")]).unwrap();
    let [key] = keys.items() else { panic!("{end}: {:?}", keys.items()) };
    key.text().unwrap().to_owned()
}

pub(crate) fn int(server: &RedisServer, words: &[&str]) -> i64 {
    server.command(words).unwrap().int().unwrap()
}
