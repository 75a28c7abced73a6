//! What a follower, who holds nothing back, has missed.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use common::{SOON, connect, key, publish};
use tekup_core::transport::{FollowSpec, Transport};
use tekup_testkit::redis::RedisServer;

#[tokio::test]
async fn trimming_leaves_a_follower_what_is_new_though_everybody_else_has_finished() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = common::open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    common::ack(&source, &common::take(&source, 1).await[0]).await;
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec!["*".parse().unwrap()]);
    let mut follower = transport.follow(spec).await.unwrap();
    let began = Instant::now();
    let mut sent = 0;
    // Trimming comes every second or two, and at a publish.
    while began.elapsed() < SOON {
        publish(&transport, "lead.created").await;
        common::ack(&source, &common::take(&source, 1).await[0]).await;
        sent += 1;
    }
    let mut read = 0;
    while read < sent {
        let followed = follower.next(1_000).await.unwrap();
        assert_eq!(followed.missed, 0);
        read += followed.deliveries.len();
    }
    assert_eq!(read, sent);
}

#[tokio::test]
async fn what_was_removed_before_it_was_read_is_counted_as_missed_and_once() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish(&transport, "lead.created").await;
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec!["*".parse().unwrap()]);
    let mut follower = transport.follow(spec).await.unwrap();
    for _ in 0..10 {
        publish(&transport, "lead.created").await;
    }
    server.command(&["XTRIM", &key(&server, ":lane:lead.created:medium"), "MAXLEN", "3"]).unwrap();
    let (mut read, mut missed, deadline) = (0, 0, Instant::now() + 3 * SOON);
    while missed == 0 {
        assert!(Instant::now() < deadline, "{read} read, none missed");
        let followed = follower.next(100).await.unwrap();
        read += followed.deliveries.len();
        missed += followed.missed;
    }
    assert_eq!((read, missed), (3, 7));
    publish(&transport, "lead.created").await;
    let followed = follower.next(100).await.unwrap();
    assert_eq!((followed.deliveries.len(), followed.missed), (1, 0));
}

#[tokio::test]
async fn of_more_busy_lanes_than_one_read_takes_each_has_its_turn() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec!["*".parse().unwrap()]);
    let mut follower = transport.follow(spec).await.unwrap();
    let types = ["lead.created", "lead.scored", "lead.won", "lead.lost"];
    let mut sent = HashMap::new();
    for event_type in types {
        for _ in 0..20 {
            sent.insert(publish(&transport, event_type).await, event_type);
        }
    }
    let mut heard = HashSet::new();
    let mut read = 0;
    while read < 16 {
        for delivery in follower.next(2).await.unwrap().deliveries {
            read += 1;
            heard.insert(sent[&delivery.id]);
        }
    }
    assert_eq!(heard, HashSet::from(types));
}

#[tokio::test]
async fn among_many_idle_lanes_what_is_new_in_one_is_heard_at_once() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let types: Vec<String> = (0..20).map(|number| format!("lead.kind{number}")).collect();
    for event_type in &types {
        publish(&transport, event_type).await;
    }
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec!["*".parse().unwrap()]);
    let mut follower = transport.follow(spec).await.unwrap();
    for event_type in &types {
        let sent = publish(&transport, event_type).await;
        let begun = Instant::now();
        // Less than a look takes to come.
        let heard = tokio::time::timeout(Duration::from_secs(4), follower.next(2)).await.unwrap().unwrap();
        assert_eq!(heard.deliveries.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [sent], "{begun:?}");
    }
}

#[tokio::test]
async fn a_follower_reads_on_in_a_store_that_was_emptied_and_numbers_its_lanes_anew() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec!["lead.*".parse().unwrap()]);
    let mut follower = transport.follow(spec).await.unwrap();
    publish(&transport, "invoice.paid").await;
    let created = publish(&transport, "lead.created").await;
    assert_eq!(follower.next(100).await.unwrap().deliveries[0].id, created);
    for emptied in [vec!["FLUSHALL"], vec!["DEL", &key(&server, ":lanes")]] {
        server.command(&emptied).unwrap();
        let (mut wanted, mut read) = (Vec::new(), Vec::new());
        for event_type in ["lead.scored", "lead.created", "invoice.paid", "lead.scored"] {
            wanted.push(publish(&transport, event_type).await);
        }
        wanted.remove(2);
        let deadline = Instant::now() + SOON;
        while read.len() < wanted.len() {
            assert!(Instant::now() < deadline, "{read:?} of {wanted:?} are read");
            read.extend(follower.next(100).await.unwrap().deliveries.into_iter().map(|delivery| delivery.id));
        }
        read.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(read, wanted, "each is read once");
    }
}
