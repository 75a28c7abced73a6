//! Who comes next, where many events wait.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::collections::HashSet;

use common::{ack, connect, event, open, publish, take};
use tekup_core::{
    EventId, TenantId,
    transport::{Delivery, Outgoing, Source, Transport},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

/// How many reads there are, of so many at most, until that event comes; all of it is acknowledged.
async fn reads_until(source: &RedisSource, id: EventId, most: usize) -> usize {
    for reads in 1.. {
        let batch = source.fetch(most).await.unwrap();
        assert!(batch.len() <= most, "{} of {most}", batch.len());
        for delivery in &batch {
            ack(source, delivery).await;
        }
        if batch.iter().any(|delivery| delivery.id == id) {
            return reads;
        }
    }
    unreachable!("it is read on until it comes")
}

async fn flood(transport: &RedisTransport, events: impl Iterator<Item = Outgoing>) {
    for answer in transport.publish(events.collect()).await.unwrap() {
        answer.unwrap();
    }
}

/// 200 events in each of them.
async fn flood_thirty_lanes(transport: &RedisTransport) {
    for number in 0..30 {
        let name = format!("flood.n{number}");
        flood(transport, (0..200).map(|_| event(&name))).await;
    }
}

/// Two tenants of two partitions, as the server shows by the streams of one type.
async fn tenants_apart(server: &RedisServer, transport: &RedisTransport) -> [TenantId; 2] {
    let of = |tenant: &TenantId| Outgoing { tenant: tenant.clone(), ..event("lead.created") };
    let first: TenantId = "tenant-0".parse().unwrap();
    flood(transport, std::iter::once(of(&first))).await;
    for number in 1..100 {
        let other: TenantId = format!("tenant-{number}").parse().unwrap();
        flood(transport, std::iter::once(of(&other))).await;
        if server.command(&["KEYS", "*:lane:lead.created:*"]).unwrap().items().len() == 2 {
            return [first, other];
        }
    }
    unreachable!("a hundred tenants are not all in one partition")
}

#[tokio::test]
async fn the_flood_of_one_tenant_does_not_delay_the_same_type_in_another_partition() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&common::config(&server).partitions(4)).await.unwrap();
    let [flooding, other] = tenants_apart(&server, &transport).await;
    let source = open(&transport, "*").await;
    let of = |tenant: &TenantId| Outgoing { tenant: tenant.clone(), ..event("lead.created") };
    flood(&transport, (0..5_000).map(|_| of(&flooding))).await;
    for most in [10, 60, 400] {
        let lonely = of(&other);
        flood(&transport, std::iter::once(lonely.clone())).await;
        assert!(reads_until(&source, lonely.id, most).await <= 2, "{most}");
    }
}

#[tokio::test]
async fn with_little_room_a_lonely_event_comes_in_the_turn_of_its_lane() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    flood_thirty_lanes(&transport).await;
    // Its lane has once given all that it was asked for, like the others.
    let first = publish(&transport, "lead.created").await;
    reads_until(&source, first, 60).await;
    for _ in 0..5 {
        let lonely = publish(&transport, "lead.created").await;
        let reads = reads_until(&source, lonely, 60).await;
        assert!(reads <= 2, "{reads} reads of 60 events");
    }
}

#[tokio::test]
async fn all_of_many_full_lanes_comes_once_and_never_more_than_was_asked_for() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    flood_thirty_lanes(&transport).await;
    let (mut seen, mut reads) = (HashSet::new(), 0);
    while seen.len() < 6_000 {
        let batch = source.fetch(1_000).await.unwrap();
        reads += 1;
        assert!(batch.len() <= 1_000, "{} at once", batch.len());
        let is_new = |delivery: &Delivery| seen.insert(delivery.id);
        assert!(batch.iter().all(is_new), "an event came twice");
    }
    assert!(reads <= 30, "{reads} reads");
    let after = publish(&transport, "lead.created").await;
    assert_eq!(take(&source, 1).await[0].id, after);
}
