//! Starts at a time, on Redis: exact books, in short calls, whatever is trimmed or lost meanwhile.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{ack, connect, event, eventually, fetch_within, int, key, take};
use tekup_core::{
    EventId, Timestamp,
    transport::{Admin, Books, Delivery, Outgoing, Settlement, Source, SourceSpec, StartAt, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LANE: &str = ":lane:lead.created:medium";

fn spec_at(id: &str, time: Timestamp) -> SourceSpec {
    let mut spec = SourceSpec::new(id.parse().unwrap(), vec!["*".parse().unwrap()]);
    spec.start_at = StartAt::At(time);
    spec
}

fn in_ms(ms: i64) -> Timestamp {
    Timestamp::from_unix_millis(Timestamp::now().unix_millis() + ms).unwrap()
}

async fn publish_many(transport: &RedisTransport, count: usize, event_type: &str) -> Vec<EventId> {
    let mut ids = Vec::with_capacity(count);
    for start in (0..count).step_by(500) {
        let batch = (start..count.min(start + 500)).map(|_| event(event_type)).collect();
        let receipts = transport.publish(batch).await.unwrap();
        ids.extend(receipts.into_iter().map(|receipt| receipt.unwrap().id));
    }
    ids
}

/// A time between all that was before and all that is after.
async fn between() -> Timestamp {
    let time = after(Timestamp::now()).await;
    after(time).await;
    time
}

/// Waits until the clock tells of a later millisecond.
async fn after(time: Timestamp) -> Timestamp {
    loop {
        let now = Timestamp::now();
        if now > time {
            return now;
        }
        tokio::task::yield_now().await;
    }
}

async fn finish(source: &RedisSource, count: usize) {
    let mut done = 0;
    while done < count {
        let batch = take(source, (count - done).min(500)).await;
        done += batch.len();
        let verdicts = batch.into_iter();
        let verdicts =
            verdicts.map(|one| Settlement { held: one.held, id: one.id, tenant: one.tenant, verdict: Verdict::Ack });
        source.settle(verdicts.collect()).await.unwrap();
    }
}

async fn books(transport: &RedisTransport, id: &str) -> Books {
    let books = transport.admin().books(&id.parse().unwrap()).await.unwrap();
    assert!(books.balanced(), "{books:?}");
    books
}

#[tokio::test]
async fn the_books_of_a_start_are_exact_though_what_lies_before_is_trimmed_while_it_is_counted() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let keeper = transport.open(common::spec("*")).await.unwrap();
    publish_many(&transport, 10_000, "lead.created").await;
    let time = between().await;
    publish_many(&transport, 10_000, "lead.created").await;
    let lane = key(&server, LANE);
    let trimmed = async || int(&server, &["XLEN", &lane]) == 10_000;
    // Each opens at another moment of the trimming, and counts while it goes on.
    let opening = async {
        for number in 0..8 {
            transport.open(spec_at(&format!("late/no-{number}"), time)).await.unwrap();
        }
    };
    tokio::join!(finish(&keeper, 10_000), opening);
    eventually("what lies before is trimmed", trimmed).await;
    for number in 0..8 {
        let told = books(&transport, &format!("late/no-{number}")).await;
        assert_eq!((told.published, told.ready), (10_000, 10_000));
    }
    let reader = transport.open(spec_at("late/no-3", time)).await.unwrap();
    finish(&reader, 10_000).await;
    let told = books(&transport, "late/no-3").await;
    assert_eq!((told.published, told.acked), (10_000, 10_000));
}

#[tokio::test]
async fn a_lane_of_20_000_entries_is_joined_in_short_calls() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _keeper = transport.open(common::spec("*")).await.unwrap();
    publish_many(&transport, 20_000, "lead.created").await;
    server.command(&["CONFIG", "SET", "slowlog-log-slower-than", "20000"]).unwrap();
    server.command(&["SLOWLOG", "RESET"]).unwrap();
    let time = Timestamp::from_unix_millis(1_000).unwrap();
    let preview = transport.admin().preview(&spec_at("late/all", time)).await.unwrap();
    assert_eq!(preview.begins_with, 20_000);
    let _source = transport.open(spec_at("late/all", time)).await.unwrap();
    // More than 40 calls of 1,000 entries; one may wait for the machine.
    let late = int(&server, &["SLOWLOG", "LEN"]);
    assert!(late <= 1, "{late} calls took more than 20 ms");
    assert_eq!(books(&transport, "late/all").await.published, 20_000);
}

#[tokio::test]
async fn a_start_is_counted_in_every_lane_of_many() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _keeper = transport.open(common::spec("*")).await.unwrap();
    let types: Vec<String> = (0..50).map(|number| format!("many.n{number}")).collect();
    for one in &types {
        publish_many(&transport, 40, one).await;
    }
    let time = between().await;
    for one in &types {
        publish_many(&transport, 60, one).await;
    }
    let reader = transport.open(spec_at("late/all", time)).await.unwrap();
    assert_eq!(books(&transport, "late/all").await.ready, 3_000);
    finish(&reader, 3_000).await;
    assert!(fetch_within(&reader, 10, Duration::from_millis(200)).await.unwrap().is_empty());
    assert_eq!(books(&transport, "late/all").await.acked, 3_000);
}

#[tokio::test]
async fn a_start_to_come_outlives_a_flush() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let reader = transport.open(spec_at("late/all", in_ms(2_500))).await.unwrap();
    publish_many(&transport, 5, "lead.created").await;
    server.command(&["FLUSHALL"]).unwrap();
    publish_many(&transport, 5, "lead.created").await;
    assert!(fetch_within(&reader, 10, Duration::from_millis(500)).await.unwrap().is_empty());
    publish_many(&transport, 5, "lead.scored").await;
    assert!(fetch_within(&reader, 10, Duration::from_millis(2_200)).await.unwrap().is_empty());
    let wanted = publish_many(&transport, 5, "lead.created").await;
    let taken = take(&reader, 5).await;
    assert_eq!(taken.iter().map(|one| one.id).collect::<Vec<_>>(), wanted);
    for one in &taken {
        ack(&reader, one).await;
    }
    assert_eq!(books(&transport, "late/all").await.published, 5);
}

#[tokio::test]
async fn a_start_whose_joiner_was_killed_before_it_had_counted_is_counted_by_the_next_one() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _keeper = transport.open(common::spec("*")).await.unwrap();
    publish_many(&transport, 30, "lead.created").await;
    let time = between().await;
    publish_many(&transport, 20, "lead.created").await;
    transport.open(spec_at("late/all", time)).await.unwrap().close().await.unwrap();
    // As it is between the two scripts.
    let (starts, lane) = (key(&server, ":starts"), key(&server, LANE));
    assert_eq!(int(&server, &["HDEL", &starts, "late/all\n1\nadded"]), 1);
    assert_eq!(int(&server, &["XGROUP", "DESTROY", &lane, "late/all"]), 1);
    let before = format!("{}-18446744073709551615", time.unix_millis() - 1);
    server.command(&["XGROUP", "CREATE", &lane, "late/all", &before]).unwrap();
    assert_eq!(books(&transport, "late/all").await.ready, 20);
    let reader = transport.open(spec_at("late/all", time)).await.unwrap();
    finish(&reader, 20).await;
    let told = books(&transport, "late/all").await;
    assert_eq!((told.published, told.acked), (20, 20));
}

#[tokio::test]
async fn a_start_at_the_beginning_of_all_times_counts_nothing_that_was_trimmed_before() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let keeper = transport.open(common::spec("*")).await.unwrap();
    publish_many(&transport, 10, "lead.created").await;
    finish(&keeper, 10).await;
    let lane = key(&server, LANE);
    eventually("it is trimmed", async || int(&server, &["XLEN", &lane]) == 0).await;
    publish_many(&transport, 5, "lead.created").await;
    let reader = transport.open(spec_at("late/all", Timestamp::from_unix_millis(0).unwrap())).await.unwrap();
    assert_eq!(books(&transport, "late/all").await.published, 5);
    finish(&reader, 5).await;
    let told = books(&transport, "late/all").await;
    assert_eq!((told.published, told.acked), (5, 5));
}

#[tokio::test]
async fn what_a_limit_takes_before_a_start_is_counted_is_in_its_books() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&common::config(&server).max_lane_length(100)).await.unwrap();
    publish_many(&transport, 50, "lead.created").await;
    let start = in_ms(300);
    transport.open(spec_at("late/all", start)).await.unwrap().close().await.unwrap();
    publish_many(&transport, 30, "lead.created").await;
    eventually("the time has come", async || Timestamp::now() > start).await;
    // Nobody reads it, so nobody has counted what lies before; the limit cuts that off, and of what lies behind the most.
    publish_many(&transport, 500, "lead.created").await;
    let _other = transport.open(common::spec("*")).await.unwrap();
    let lane = key(&server, LANE);
    eventually("another one cuts it", async || int(&server, &["XLEN", &lane]) == 100).await;
    let reader = transport.open(spec_at("late/all", start)).await.unwrap();
    let told = books(&transport, "late/all").await;
    assert_eq!((told.published, told.ready, told.dropped), (500, 100, 400));
    finish(&reader, 100).await;
    let done = books(&transport, "late/all").await;
    assert_eq!((done.published, done.acked, done.dropped), (500, 100, 400));
}

async fn acks_all(source: RedisSource) {
    loop {
        let batch = source.fetch(100).await.unwrap_or_default().into_iter();
        let verdicts =
            batch.map(|Delivery { held, id, tenant, .. }| Settlement { held, id, tenant, verdict: Verdict::Ack });
        let _settled = source.settle(verdicts.collect()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_of_a_start_are_exact_though_replicas_read_while_another_repairs() {
    let server = RedisServer::start().unwrap();
    let connect = async || RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
    let start = Timestamp::from_unix_millis(1_000).unwrap();
    for _ in 0..5 {
        tokio::spawn(acks_all(connect().await.open(spec_at("late/all", start)).await.unwrap()));
    }
    let publisher = connect().await;
    for _ in 0..50 {
        server.command(&["FLUSHALL"]).unwrap();
        for _ in 0..30 {
            let of = |number: usize| Outgoing {
                tenant: format!("tenant-{number}").parse().unwrap(),
                ..event(["lead.created", "lead.scored"][number % 2])
            };
            publisher.publish((0..20).map(of).collect()).await.unwrap();
            // So that it goes on while they repair.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let exact = async || {
            let told = publisher.admin().books(&"late/all".parse().unwrap()).await;
            told.is_ok_and(|told| (told.published, told.acked) == (600, 600))
        };
        eventually("all are in the books", exact).await;
    }
}

#[tokio::test]
async fn a_replica_that_could_not_count_does_not_count_as_alive() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _keeper = transport.open(common::spec("*")).await.unwrap();
    publish_many(&transport, 5, "lead.created").await;
    let time = between().await;
    publish_many(&transport, 5, "lead.created").await;
    server.command(&["ACL", "SETUSER", "default", "-xrange"]).unwrap();
    let refused = transport.open(spec_at("late/all", time)).await.unwrap_err();
    assert!(refused.to_string().contains("lacks a permission"), "{refused}");
    server.command(&["ACL", "SETUSER", "default", "+xrange"]).unwrap();
    let late = "late/all".parse().unwrap();
    assert_eq!(transport.admin().replicas(&late).await.unwrap().alive, 0);
    assert_eq!(transport.admin().remove(&late).await.unwrap().ready, 5);
}
