//! Groups and consumers: what is trimmed, lost, left, and removed.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{ack, connect, eventually, fetch_within, int, key, open, publish, settle, spec, take};
use tekup_core::{
    ErrorKind, Priority,
    transport::{Settled, Source, SourceSpec, Transport, Verdict},
};
use tekup_testkit::redis::RedisServer;

const LANE: &str = ":lane:lead.created:medium";

fn other_spec() -> SourceSpec {
    SourceSpec::new("audit/all".parse().unwrap(), vec!["*".parse().unwrap()])
}

#[tokio::test]
async fn what_everyone_has_settled_is_removed_from_its_lane() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (source, other) = (open(&transport, "*").await, transport.open(other_spec()).await.unwrap());
    for _ in 0..250 {
        publish(&transport, "lead.created").await;
    }
    let lane = key(&server, LANE);
    for held in take(&source, 250).await {
        ack(&source, &held).await;
    }
    for held in take(&other, 150).await {
        ack(&other, &held).await;
    }
    eventually("what both have settled goes", async || int(&server, &["XLEN", &lane]) == 100).await;
    for held in take(&other, 100).await {
        ack(&other, &held).await;
    }
    eventually("the rest goes", async || int(&server, &["XLEN", &lane]) == 0).await;
}

#[tokio::test]
async fn what_nobody_takes_does_not_pile_up() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let published = std::sync::atomic::AtomicI64::new(0);
    let trimmed = async || {
        for _ in 0..10 {
            publish(&transport, "lead.created").await;
        }
        let sum = published.fetch_add(10, std::sync::atomic::Ordering::Relaxed) + 10;
        int(&server, &["XLEN", &key(&server, LANE)]) < sum
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !trimmed().await {
        assert!(std::time::Instant::now() < deadline, "nothing was trimmed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nothing_is_removed_before_a_lost_group_is_made_anew() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (source, other) = (open(&transport, "*").await, transport.open(other_spec()).await.unwrap());
    other.close().await.unwrap();
    for _ in 0..10 {
        publish(&transport, "lead.created").await;
    }
    let lane = key(&server, LANE);
    server.command(&["XGROUP", "DESTROY", &lane, "audit/all"]).unwrap();
    for held in take(&source, 10).await {
        ack(&source, &held).await;
    }
    let groups = async || server.command(&["XINFO", "GROUPS", &lane]).unwrap().items().len() == 2;
    eventually("a trimming makes it anew", groups).await;
    assert_eq!(int(&server, &["XLEN", &lane]), 10);
    let other = transport.open(other_spec()).await.unwrap();
    for held in take(&other, 10).await {
        ack(&other, &held).await;
    }
    eventually("now it goes", async || int(&server, &["XLEN", &lane]) == 0).await;
}

#[tokio::test]
async fn a_replica_that_leaves_takes_its_name_along_unless_it_holds_something() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (idle, busy) = (open(&transport, "*").await, open(&transport, "*").await);
    publish(&transport, "lead.created").await;
    ack(&idle, &take(&idle, 1).await[0]).await;
    publish(&transport, "lead.created").await;
    let held = take(&busy, 1).await;
    let lane = key(&server, LANE);
    let consumers = || server.command(&["XINFO", "CONSUMERS", &lane, "billing/ledger"]).unwrap().items().len();
    assert_eq!(consumers(), 2);
    idle.close().await.unwrap();
    busy.close().await.unwrap();
    assert_eq!(consumers(), 1, "the one that holds something stays");
    ack(&busy, &held[0]).await;
    busy.close().await.unwrap();
    assert_eq!(consumers(), 0);
}

#[tokio::test]
async fn an_older_replica_goes_on_when_a_newer_one_takes_other_types() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut wide = spec("lead.*");
    wide.patterns.push("invoice.*".parse().unwrap());
    let old = transport.open(wide).await.unwrap();
    for event_type in ["lead.created", "invoice.paid"] {
        publish(&transport, event_type).await;
        ack(&old, &take(&old, 1).await[0]).await;
    }
    let new = open(&transport, "invoice.*").await;
    publish(&transport, "lead.created").await;
    let wanted = publish(&transport, "invoice.paid").await;
    let taken = take(&old, 1).await;
    assert_eq!(taken[0].id, wanted);
    ack(&old, &taken[0]).await;
    let wanted = publish(&transport, "invoice.paid").await;
    assert_eq!(take(&new, 1).await[0].id, wanted);
}

#[tokio::test]
async fn what_waits_in_a_lane_that_is_taken_no_more_is_settled_before_it_is_left() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let old = open(&transport, "lead.*").await;
    let waiting = publish(&transport, "lead.created").await;
    old.close().await.unwrap();
    let new = open(&transport, "invoice.*").await;
    let taken = take(&new, 1).await;
    assert_eq!(taken[0].id, waiting);
    ack(&new, &taken[0]).await;
    let groups = async || server.command(&["XINFO", "GROUPS", &key(&server, LANE)]).unwrap().items().is_empty();
    eventually("the lane is left", groups).await;
    publish(&transport, "lead.created").await;
    let more = fetch_within(&new, 10, Duration::from_millis(200)).await.unwrap();
    assert!(more.is_empty(), "{more:?}");
}

#[tokio::test]
async fn a_deleted_entry_that_was_handed_back_is_passed_over() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for _ in 0..3 {
        publish(&transport, "lead.created").await;
    }
    let held = take(&source, 3).await;
    for delivery in &held {
        assert_eq!(settle(&source, delivery, Verdict::Release).await.unwrap(), Settled::Done);
    }
    let (ms, sequence) = held[0].held.entry;
    assert_eq!(int(&server, &["XDEL", &key(&server, LANE), &format!("{ms}-{sequence}")]), 1);
    for delivery in &held[1..] {
        let again = take(&source, 1).await.remove(0);
        assert_eq!(again.id, delivery.id);
        ack(&source, &again).await;
    }
    let next = publish(&transport, "lead.created").await;
    assert_eq!(take(&source, 1).await[0].id, next);
}

#[tokio::test]
async fn nothing_is_fetched_after_a_source_was_closed() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    source.close().await.unwrap();
    for _ in 0..2 {
        let error = fetch_within(&source, 1, common::SOON).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        assert!(error.to_string().contains("billing/ledger"), "{error}");
    }
}

#[tokio::test]
async fn what_was_read_is_handed_out_though_another_lane_was_lost_and_nobody_can_say_why() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let mut urgent = common::event("lead.scored");
    urgent.priority = Priority::High;
    transport.publish(vec![urgent.clone()]).await.unwrap()[0].as_ref().unwrap();
    publish(&transport, "lead.created").await;
    for held in take(&source, 2).await {
        ack(&source, &held).await;
    }
    server.command(&["XGROUP", "DESTROY", &key(&server, ":lane:lead.scored:high"), "billing/ledger"]).unwrap();
    let starts = key(&server, ":starts");
    server.command(&["SET", &starts, "not a hash"]).unwrap();
    let wanted = common::event("lead.created");
    urgent.id = tekup_core::EventId::generate();
    // Both lanes are rung for at once, and so they are read at once.
    transport.publish(vec![urgent, wanted.clone()]).await.unwrap();
    let taken = fetch_within(&source, 10, common::SOON).await.unwrap();
    assert_eq!(taken.iter().map(|held| held.id).collect::<Vec<_>>(), [wanted.id]);
}
