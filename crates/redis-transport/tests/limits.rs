//! How long lanes may be, and how long they keep what is settled.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{config, event, eventually, int, key, open, take};
use tekup_core::{
    EventId,
    transport::{Admin, Settlement, Source, Stage, StartAt, Transport, Verdict},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LANE: &str = ":lane:lead.created:medium";

async fn publish_many(transport: &RedisTransport, count: usize) -> Vec<EventId> {
    let batch: Vec<_> = (0..count).map(|_| event("lead.created")).collect();
    let receipts = transport.publish(batch).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.unwrap().id).collect()
}

async fn ack(source: &RedisSource, count: usize) {
    let batch = take(source, count).await.into_iter();
    let verdicts = batch.map(|it| Settlement { held: it.held, id: it.id, tenant: it.tenant, verdict: Verdict::Ack });
    source.settle(verdicts.collect()).await.unwrap();
}

async fn stage(transport: &RedisTransport, id: EventId) -> Stage {
    transport.admin().status(&"acme".parse().unwrap(), id).await.unwrap().stage
}

#[tokio::test]
async fn a_lane_that_is_far_too_long_is_cut_though_no_subscriber_runs() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).max_lane_length(100)).await.unwrap();
    open(&transport, "*").await.close().await.unwrap();
    for _ in 0..12 {
        publish_many(&transport, 500).await;
    }
    let lane = key(&server, LANE);
    eventually("a publisher cuts it", async || {
        publish_many(&transport, 1).await;
        int(&server, &["XLEN", &lane]) < 110
    })
    .await;
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && books.dropped > 5_800 && books.ready < 110, "{books:?}");
}

#[tokio::test]
async fn a_status_tells_what_was_dropped_from_what_was_finished_in_between() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).max_lane_length(4)).await.unwrap();
    let source = open(&transport, "*").await;
    let dropped = async |count| {
        let what = format!("{count} are dropped");
        eventually(&what, async || {
            transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap().dropped == count
        })
        .await;
    };
    publish_many(&transport, 1).await;
    ack(&source, 1).await;
    let first = publish_many(&transport, 6).await;
    dropped(2).await;
    ack(&source, 4).await;
    let second = publish_many(&transport, 7).await;
    dropped(5).await;
    ack(&source, 4).await;
    let stages: Vec<Stage> = {
        let mut stages = Vec::new();
        for id in first.iter().chain(&second) {
            stages.push(stage(&transport, *id).await);
        }
        stages
    };
    let (gone, done) = (Stage::Failed, Stage::Completed);
    assert_eq!(stages, [gone, gone, done, done, done, done, gone, gone, gone, done, done, done, done]);
}

/// Publishes by a process that lets lanes hold so many events, until the only lane does.
async fn cut_to(server: &RedisServer, most: u64) {
    let publisher = RedisTransport::connect(&config(server).max_lane_length(most)).await.unwrap();
    let lane = key(server, LANE);
    let (begun, most) = (Instant::now(), i64::try_from(most).unwrap());
    loop {
        publish_many(&publisher, 1).await;
        if int(server, &["XLEN", &lane]) <= most + 10 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no publisher cuts it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_status_tells_200_runs_of_dropped_events_from_what_was_finished_in_between() {
    let server = RedisServer::start().unwrap();
    let transport = common::connect(&server).await;
    let source = open(&transport, "*").await;
    // One in two is finished, so that what is dropped of the others are 201 runs.
    let published = publish_many(&transport, 401).await;
    let held = take(&source, 401).await;
    let finished = held.into_iter().filter(|it| published.iter().position(|id| *id == it.id).unwrap() % 2 == 1);
    let acks = finished.map(|it| Settlement { held: it.held, id: it.id, tenant: it.tenant, verdict: Verdict::Ack });
    source.settle(acks.collect()).await.unwrap();
    cut_to(&server, 1).await;
    for (number, id) in published.iter().enumerate() {
        // Between the two oldest runs, which have become one, it is not known any more.
        let expected = if number % 2 == 0 || number == 1 { Stage::Failed } else { Stage::Completed };
        assert_eq!(stage(&transport, *id).await, expected, "{number}");
    }
}

#[tokio::test]
async fn what_is_held_is_told_as_dropped_though_much_that_is_held_was_deleted_before_it() {
    let server = RedisServer::start().unwrap();
    let transport = common::connect(&server).await;
    let source = open(&transport, "*").await;
    let mut published = Vec::new();
    for _ in 0..7 {
        published.extend(publish_many(&transport, 500).await);
    }
    take(&source, 3_500).await;
    let lane = key(&server, LANE);
    // By an operator's hand.
    server.command(&["XTRIM", &lane, "MAXLEN", "400"]).unwrap();
    cut_to(&server, 100).await;
    for id in &published[3_100..3_350] {
        assert_eq!(stage(&transport, *id).await, Stage::Failed);
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.dropped >= 300 && books.balanced(), "{books:?}");
}

#[tokio::test]
async fn what_is_settled_is_kept_as_long_as_the_retention_says() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).retention(Duration::from_secs(3_600))).await.unwrap();
    let source = open(&transport, "*").await;
    publish_many(&transport, 50).await;
    ack(&source, 50).await;
    let (lane, starts) = (key(&server, LANE), key(&server, ":starts"));
    let mark = async || {
        let fields = server.command(&["HKEYS", &starts]).unwrap();
        fields.items().iter().any(|field| field.text().is_some_and(|it| it.ends_with("\nmark")))
    };
    eventually("it is trimmed", mark).await;
    assert_eq!(int(&server, &["XLEN", &lane]), 50);
}

#[tokio::test]
async fn what_is_settled_goes_when_its_retention_is_over_and_not_before() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).retention(Duration::from_secs(2))).await.unwrap();
    let source = open(&transport, "*").await;
    let stored = Instant::now();
    publish_many(&transport, 50).await;
    ack(&source, 50).await;
    let lane = key(&server, LANE);
    eventually("it is over", async || int(&server, &["XLEN", &lane]) == 0).await;
    assert!(stored.elapsed() >= Duration::from_secs(2), "{:?}", stored.elapsed());
}

#[tokio::test]
async fn who_starts_at_the_beginning_is_given_what_others_have_settled_and_the_retention_keeps() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).retention(Duration::from_secs(3_600))).await.unwrap();
    let source = open(&transport, "*").await;
    let published = publish_many(&transport, 50).await;
    ack(&source, 50).await;
    let starts = key(&server, ":starts");
    let mark = async || int(&server, &["HEXISTS", &starts, "billing/ledger\n1\nmark"]) == 1;
    eventually("it is trimmed", mark).await;
    let mut spec = common::spec("*");
    (spec.id, spec.start_at) = ("audit/all".parse().unwrap(), StartAt::Beginning);
    let late = transport.open(spec).await.unwrap();
    let given: Vec<_> = take(&late, 50).await.iter().map(|held| held.id).collect();
    assert_eq!(given, published);
}

#[tokio::test]
async fn of_what_is_settled_no_more_is_kept_than_the_retention_length_says() {
    let server = RedisServer::start().unwrap();
    let mut config = config(&server).retention(Duration::from_secs(3_600));
    config.retention_length = Some(20);
    let transport = RedisTransport::connect(&config).await.unwrap();
    let source = open(&transport, "*").await;
    publish_many(&transport, 50).await;
    ack(&source, 25).await;
    let lane = key(&server, LANE);
    eventually("what is settled goes", async || int(&server, &["XLEN", &lane]) == 25).await;
    ack(&source, 25).await;
    eventually("twenty are kept", async || int(&server, &["XLEN", &lane]) == 20).await;
}

#[tokio::test]
async fn many_settled_events_beyond_the_retention_length_go_within_seconds() {
    let server = RedisServer::start().unwrap();
    let mut config = config(&server).retention(Duration::from_secs(3_600));
    config.retention_length = Some(20);
    let transport = RedisTransport::connect(&config).await.unwrap();
    let source = open(&transport, "*").await;
    for _ in 0..20 {
        publish_many(&transport, 500).await;
        ack(&source, 500).await;
    }
    let lane = key(&server, LANE);
    eventually("twenty are kept", async || int(&server, &["XLEN", &lane]) == 20).await;
}
