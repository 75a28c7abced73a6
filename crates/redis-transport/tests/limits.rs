//! How long lanes may be, and how long they keep what is settled.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{config, event, eventually, int, key, open, take};
use tekup_core::{
    EventId,
    transport::{Admin, Settlement, Source, Stage, Transport, Verdict},
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
