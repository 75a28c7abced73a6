//! Pauses and rate limits as they lie in Redis, and are heard though the bell is cut.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{ack, connect, event, eventually, fetch_within, int, key, open, publish, spec, take};
use tekup_core::{
    ErrorKind, RateLimit, SubscriptionId,
    transport::{Admin, Source, Transport},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::{Fsync, RedisServer};

const LEDGER: &str = "billing/ledger";

fn ledger() -> SubscriptionId {
    LEDGER.parse().unwrap()
}

async fn set_paused(transport: &RedisTransport, paused: bool) {
    assert!(transport.admin().set_paused(&ledger(), paused).await.unwrap());
}

async fn until(source: &RedisSource, paused: bool) {
    eventually("the pause is heard", async || source.state().borrow().is_paused() == paused).await;
}

#[tokio::test]
async fn a_pause_is_heard_though_the_bell_is_cut() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for paused in [true, false, true, false] {
        server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
        set_paused(&transport, paused).await;
        until(&source, paused).await;
    }
}

#[tokio::test]
async fn a_pause_and_a_rate_limit_outlive_the_server_and_hold_in_its_next_life() {
    let mut server = RedisServer::builder().append_only(Fsync::Always).start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    set_paused(&transport, true).await;
    let limit = Some(RateLimit::per_second(100));
    assert!(transport.admin().set_rate_limit(&ledger(), limit).await.unwrap());
    server.kill().unwrap();
    server.restart().unwrap();
    let answers = async || transport.admin().state(&ledger()).await.is_ok();
    eventually("the server answers", answers).await;
    let state = transport.admin().state(&ledger()).await.unwrap();
    assert!(state.is_paused() && state.rate_limit == limit, "{state:?}");
    publish(&transport, "lead.created").await;
    assert!(fetch_within(&source, 10, Duration::from_millis(300)).await.unwrap().is_empty());
    set_paused(&transport, false).await;
    ack(&source, &take(&source, 1).await[0]).await;
}

#[tokio::test]
async fn a_full_server_still_pauses_resumes_and_limits() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut limited = spec("*");
    limited.rate_limit = Some(RateLimit::per_second(1_000));
    let source = transport.open(limited).await.unwrap();
    publish(&transport, "lead.created").await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    set_paused(&transport, true).await;
    until(&source, true).await;
    assert!(transport.admin().set_rate_limit(&ledger(), Some(RateLimit::per_second(500))).await.unwrap());
    set_paused(&transport, false).await;
    ack(&source, &take(&source, 1).await[0]).await;
}

#[tokio::test]
async fn a_running_replica_declares_its_rate_limit_again_in_a_store_that_was_emptied() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut limited = spec("*");
    limited.rate_limit = Some(RateLimit::per_second(100));
    let source = transport.open(limited).await.unwrap();
    let state = key(&server, ":state:billing/ledger");
    server.command(&["DEL", &state]).unwrap();
    // It looks again when it hears the bell anew.
    server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    let declared = async || server.command(&["HGET", &state, "limit"]).unwrap().text() == Some("100/1000000/10");
    eventually("the limit is declared", declared).await;
    drop(source);
}

#[tokio::test]
async fn in_a_store_that_was_emptied_the_rate_limit_of_the_largest_revision_is_declared_again() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut sources = Vec::new();
    for revision in 1..=3 {
        let mut limited = spec("*");
        limited.revision = revision;
        limited.rate_limit = Some(RateLimit::new(u32::try_from(revision).unwrap(), Duration::from_secs(1)));
        sources.push(transport.open(limited).await.unwrap());
    }
    let state = key(&server, ":state:billing/ledger");
    server.command(&["DEL", &state]).unwrap();
    server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    let declared = async || server.command(&["HGET", &state, "limit"]).unwrap().text() == Some("3/1000000/1");
    eventually("the limit is declared", declared).await;
    drop(sources.split_off(2));
    let mut older = spec("*");
    older.revision = 2;
    drop(transport.open(older).await.unwrap());
    assert!(declared().await, "its revision is known again");
}

#[tokio::test]
async fn who_has_no_rate_limit_writes_nothing_and_asks_nobody() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    assert!(server.command(&["KEYS", "*:state:*"]).unwrap().items().is_empty());
}

/// How often scripts were called.
fn script_calls(server: &RedisServer) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let line = stats.text().unwrap().lines().find(|line| line.starts_with("cmdstat_evalsha:"));
    let calls = line.and_then(|line| line.split_once("calls=")?.1.split(',').next()?.parse().ok());
    calls.unwrap_or_default()
}

#[tokio::test]
async fn a_rate_limit_is_taken_many_at_a_time() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut limited = spec("*");
    limited.rate_limit = Some(RateLimit::per_second(2_000));
    let source = transport.open(limited).await.unwrap();
    transport.publish((0..1_000).map(|_| event("lead.created")).collect()).await.unwrap();
    let (before, begun) = (script_calls(&server), Instant::now());
    let taken = take(&source, 1_000).await;
    let (calls, took) = (script_calls(&server) - before, begun.elapsed());
    // The burst comes at once, the others at 2,000 a second.
    assert!(took > Duration::from_millis(350), "1,000 came within {took:?}");
    assert!(calls < 100, "{calls} calls of scripts for {} events", taken.len());
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_a_rate_limit_up_for_a_burst_at_most() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut limited = spec("*");
    limited.rate_limit = Some(RateLimit::per_second(100));
    let source = transport.open(limited).await.unwrap();
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    let state = key(&server, ":state:billing/ledger");
    let hour_ahead = (int(&server, &["HGET", &state, "full"]) + 3_600_000_000).to_string();
    server.command(&["HSET", &state, "full", &hour_ahead]).unwrap();
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
}

#[tokio::test]
async fn a_state_that_was_damaged_by_hand_is_an_error_that_names_it() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    drop(open(&transport, "*").await);
    set_paused(&transport, true).await;
    server.command(&["HSET", &key(&server, ":state:billing/ledger"), "paused", "yesterday"]).unwrap();
    let error = transport.admin().state(&ledger()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(error.to_string().contains("state"), "{error}");
}
