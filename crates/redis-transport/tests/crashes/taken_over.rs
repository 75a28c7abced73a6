//! What one source takes over of another that renews no more.

use std::time::{Duration, Instant};

use tekup_core::transport::{Delivery, Outgoing, Settlement, Source, SourceSpec, Transport, Verdict};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LEASE: Duration = Duration::from_secs(2);
const HELD: usize = 300;

/// A source that holds as much of one lane, and does not renew it, and another that may take it over.
async fn dead_and_living(server: &RedisServer) -> (RedisSource, Vec<Delivery>, RedisSource) {
    let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
    let mut spec = SourceSpec::new("service/jobs".parse().unwrap(), vec!["job.*".parse().unwrap()]);
    spec.lease = LEASE;
    let dead = transport.open(spec.clone()).await.unwrap();
    let event = || Outgoing::unchecked("acme".parse().unwrap(), "job.queued".parse().unwrap(), "{}");
    transport.publish((0..HELD).map(|_| event()).collect()).await.unwrap();
    let held = take(&dead, HELD).await;
    (dead, held, transport.open(spec).await.unwrap())
}

async fn take(source: &RedisSource, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let more = tokio::time::timeout(Duration::from_secs(10), source.fetch(count - taken.len())).await;
        taken.extend(more.unwrap().unwrap());
    }
    taken
}

#[tokio::test]
async fn all_that_was_held_of_one_lane_is_taken_over_at_once() {
    let server = RedisServer::start().unwrap();
    let (_dead, _, living) = dead_and_living(&server).await;
    take(&living, 1).await;
    let begun = Instant::now();
    take(&living, HELD - 1).await;
    assert!(begun.elapsed() < LEASE / 4, "it waited for the next search: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_search_ends_where_nothing_is_held_any_more() {
    let server = RedisServer::start().unwrap();
    let (dead, held, living) = dead_and_living(&server).await;
    take(&living, 10).await;
    let acks = held.into_iter().map(|Delivery { held, id, tenant, .. }| {
        // The dead one speaks once more: whoever has finished the work may say so.
        Settlement { held, id, tenant, verdict: Verdict::Ack }
    });
    dead.settle(acks.collect()).await.unwrap();
    let fetching = tokio::time::timeout(Duration::from_secs(10), living.fetch(10));
    let (fetched, ()) = tokio::join!(fetching, async { living.interrupt() });
    assert!(fetched.unwrap().unwrap().is_empty());
}
